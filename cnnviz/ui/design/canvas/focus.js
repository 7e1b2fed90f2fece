// Keeps the keyboard where it was: while rows are drawn anew, and when the page puts the canvas into another element.

class Focus {
  constructor() {
    this.isInside = false // whether the focus is in the canvas, or was when its element was taken away
    this.lastPath = undefined // of the row that had the focus last
    this.nextPath = null // of the row that gets the focus at the next drawing
    this.isRequested = false // whether something must get the focus at the next drawing, be it the toolbar
  }

  attach(root) {
    if (this.isInside) this.request(this.nextPath ?? this.lastPath)
    this.root = root
    root.addEventListener("focusin", ({ target }) => {
      this.isInside = true
      const row = target.closest(".layer")
      if (row) this.lastPath = parsePath(row.dataset.path)
    })
    root.addEventListener("focusout", ({ relatedTarget }) => {
      if (relatedTarget) this.isInside = root.contains(relatedTarget) // without one, the focused element was removed
    })
  }

  request(path) {
    this.isRequested = true
    this.nextPath = path ?? null
  }

  activeElement() {
    const active = this.root.getRootNode().activeElement
    return active && this.root.contains(active) ? active : null
  }

  // Whether the focused element was removed, so that keys now reach the page alone.
  isLost() {
    return this.isInside && document.activeElement === document.body
  }

  // The row that has the focus, or will have it as soon as the last edit is drawn.
  currentPath() {
    if (this.nextPath) return this.nextPath
    const row = this.activeElement()?.closest(".layer")
    if (row) return parsePath(row.dataset.path)
    return this.isLost() ? this.lastPath : undefined
  }

  hasKeyboard() {
    return Boolean(this.currentPath() || this.activeElement())
  }

  // Draws, then focuses the row that was or should be focused; `findRow` finds a row by its path.
  drawAndRestore(draw, findRow, fallback) {
    const path = this.activeElement() ? this.currentPath() : undefined
    draw()
    if (path || this.nextPath || this.isRequested) {
      const row = findRow(this.nextPath ?? path) ?? fallback()
      row.focus({ preventScroll: true })
    }
    this.nextPath = null
    this.isRequested = false
  }
}
