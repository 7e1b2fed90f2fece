// Dragging rows with mouse, pen or finger: a line shows the gap into which they would fall.

const DRAG_THRESHOLD = 5 // pixels that the pointer must move before a press becomes a drag
const SCROLL_MARGIN = 60 // pixels from an edge of the window within which the page scrolls

const findScroller = (node) => {
  for (let ancestor = node; ancestor; ancestor = ancestor.parentElement ?? ancestor.getRootNode().host) {
    const canScroll = ancestor.scrollHeight > ancestor.clientHeight + 1
    if (canScroll && /auto|scroll/.test(getComputedStyle(ancestor).overflowY)) return ancestor
  }
  return document.scrollingElement
}

const gapPath = (gap) => parsePath(gap.dataset.gap)

class Drag {
  // `onDrop` gets the path of a gap; `onEnd` is called after every drag.
  constructor(root, row, start, draggedPaths, { onDrop, onEnd }) {
    Object.assign(this, { root, row, start, draggedPaths, onDrop, onEnd, pointer: start })
    this.scroller = findScroller(root)
    this.isActive = false
    this.target = null
    const listeners = new AbortController()
    const { signal } = listeners
    this.stopListening = () => listeners.abort()
    row.addEventListener("pointermove", (event) => this.onMove(event), { signal })
    row.addEventListener("pointerup", () => this.finish(true), { signal })
    row.addEventListener("pointercancel", () => this.finish(false), { signal })
    addEventListener("keydown", (event) => this.onKey(event), { capture: true, signal })
  }

  onMove(event) {
    this.pointer = event
    const distance = Math.hypot(event.clientX - this.start.clientX, event.clientY - this.start.clientY)
    if (!this.isActive && distance < DRAG_THRESHOLD) return
    if (!this.isActive) this.begin(event)
    event.preventDefault()
    this.markNearestGap()
  }

  onKey(event) {
    if (event.key !== "Escape" || !this.isActive) return
    event.preventDefault()
    event.stopPropagation() // Escape ends the drag and does nothing else
    this.finish(false)
  }

  begin(event) {
    this.isActive = true
    this.row.setPointerCapture(event.pointerId)
    this.root.classList.add("dragging")
    for (const row of this.root.querySelectorAll(".layer")) {
      const path = parsePath(row.dataset.path)
      row.classList.toggle("dragged", this.draggedPaths.some((other) => samePath(other, path) || isInside(path, other)))
    }
    this.scroll()
  }

  // Marks the gap that is nearest to the pointer; of two at the same height, the one deeper inside a block.
  markNearestGap() {
    const distance = (gap) => {
      const bounds = gap.getBoundingClientRect()
      return Math.abs(bounds.top + bounds.height / 2 - this.pointer.clientY) - gapPath(gap).length * 0.1
    }
    const gaps = [...this.root.querySelectorAll(".gap")]
    const allowedGaps = gaps.filter((gap) => !this.draggedPaths.some((path) => isInside(gapPath(gap), path)))
    const nearest = allowedGaps.reduce((best, gap) => (!best || distance(gap) < distance(best) ? gap : best), null)
    if (nearest === this.target) return
    this.target?.classList.remove("target")
    this.target = nearest
    this.target?.classList.add("target")
  }

  scroll() {
    if (!this.isActive) return
    const isWindow = this.scroller === document.scrollingElement
    const bounds = isWindow ? { top: 0, bottom: innerHeight } : this.scroller.getBoundingClientRect()
    const below = Math.max(this.pointer.clientY - (bounds.bottom - SCROLL_MARGIN), 0)
    const above = Math.max(bounds.top + SCROLL_MARGIN - this.pointer.clientY, 0)
    if (below !== above) {
      this.scroller.scrollBy(0, (below - above) / 4)
      this.markNearestGap()
    }
    this.frame = requestAnimationFrame(() => this.scroll())
  }

  finish(isDropped) {
    this.stopListening()
    cancelAnimationFrame(this.frame)
    this.root.classList.remove("dragging")
    this.root.querySelectorAll(".dragged").forEach((row) => row.classList.remove("dragged"))
    this.target?.classList.remove("target")
    if (!this.isActive) return
    this.isActive = false
    this.ignoreNextClick()
    if (isDropped && this.target) this.onDrop(gapPath(this.target))
    this.onEnd()
  }

  // Releasing the button makes a click, at once or, after Escape, some time later: it must not select the row.
  ignoreNextClick() {
    const ignore = (event) => event.stopPropagation()
    const stopIgnoring = () => this.row.removeEventListener("click", ignore, true)
    this.row.addEventListener("click", ignore, { capture: true, once: true })
    for (const next of ["pointerdown", "keydown"]) addEventListener(next, stopIgnoring, { capture: true, once: true })
  }
}
