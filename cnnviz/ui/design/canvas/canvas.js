// The canvas of one session: the state that the server sent last, what is selected and folded, and how it is drawn.
//
// The design is the server's. An edit is sent as a whole design, and drawn when the answer comes; until then, further
// edits start from it. Answers to earlier actions than the last are not drawn.

class Canvas {
  constructor(acknowledgedSeq) {
    this.outbox = new Outbox(acknowledgedSeq)
    this.focus = new Focus()
    this.folded = new Set() // paths as texts
    this.selected = []
    this.anchor = null
    this.isDrawPending = false
    this.opened = Infinity // what is open at the start is in view
    addEventListener("keydown", (event) => this.focus.isLost() && runKey(this, event))
    const onPointerDown = (event) => event.composedPath().includes(this.root) || (this.focus.isInside = false)
    addEventListener("pointerdown", onPointerDown, true)
  }

  // Takes over what the server says; `root` is the element that the page has made for it, `send` the way back.
  receive(state, root, send) {
    const isNewElement = this.root !== root
    if (isNewElement) this.attach(root)
    this.outbox.send = send
    this.outbox.acknowledge(state.seq, isNewElement)
    if (state.seq < this.outbox.lastSeq && !isNewElement) return
    const wasDeselected = this.selected.length && !state.selected.length && state.design.layers.length
    if (wasDeselected) this.focus.request(this.selected[0]) // by the button of the panel, which is gone now
    Object.assign(this, { state, design: state.design, selected: state.selected })
    this.drawTexts()
    this.draw()
    if (state.opened > this.opened) findScroller(root).scrollTo({ top: 0, behavior: "smooth" })
    this.opened = state.opened
  }

  attach(root) {
    this.root = root
    this.focus.attach(root)
    root.querySelector(".tools").replaceChildren(...toolButtons(this))
    const copyButton = root.querySelector(".copy")
    copyButton.onclick = () => copyTable(copyButton, this.state.markdown, root)
    root.onkeydown = (event) => runKey(this, event)
    root.querySelector(".to-advice").onclick = () => this.focusAdvice()
    showCompact(root, isCompact())
    const bar = root.querySelector(".bar")
    new ResizeObserver(() => root.style.setProperty("--bar", `${bar.offsetHeight}px`)).observe(bar)
  }

  drawTexts() {
    const { advice, legend, refusal, seq, totals } = this.state
    setText(this.root.querySelector(".legend"), legend)
    setText(this.root.querySelector(".to-advice"), adviceCount(advice))
    setText(this.root.querySelector(".totals"), totals)
    // a screen reader speaks the same refusal a second time only where its text differs
    setText(this.root.querySelector(".refused"), refusal && seq % 2 ? `${refusal}\u00a0` : refusal)
    patchChildren(this.root.querySelector(".advice"), drawAdvice(this))
  }

  // During a drag the rows stay as they are; they are drawn when it is over.
  draw() {
    this.isDrawPending = this.root.classList.contains("dragging")
    if (this.isDrawPending) return
    this.focus.drawAndRestore(
      () => {
        patchChildren(this.root.querySelector(".list"), drawRows(this))
        this.markSelection()
      },
      (path) => this.rowAt(path),
      () => this.rowAt(this.selected[0]) ?? findTool(this.root, "add"),
    )
  }

  markSelection() {
    for (const row of this.layerRows()) {
      row.setAttribute("aria-selected", String(includesPath(this.selected, parsePath(row.dataset.path))))
      row.tabIndex = -1
    }
    const tabStop = this.rowAt(this.selected[0]) ?? this.root.querySelector(".layer")
    if (tabStop) tabStop.tabIndex = 0
    const { can_undo: canUndo, can_redo: canRedo } = this.state
    enableTools(this.root, { hasSelection: this.selected.length > 0, canUndo, canRedo })
  }

  layerRows() {
    return [...this.root.querySelectorAll(".layer")]
  }

  rowAt(path) {
    return path && this.root.querySelector(`.layer[data-path="${path.join(".")}"]`)
  }

  selectedKinds() {
    return this.selected.map((path) => layerAt(this.design, path)?.kind).join(", ")
  }

  announce(text) {
    this.root.querySelector(".announcement").textContent = text
  }

  send(action) {
    this.outbox.add({ version: this.state.version, ...action })
  }

  // Sends the result of an edit in design.js; `announcement` is for a screen reader.
  edit(result, announcement) {
    if (!result) return
    const hasKeyboard = this.focus.hasKeyboard()
    Object.assign(this, result)
    if (hasKeyboard) this.focus.request(result.selected[0])
    this.send({ op: "edit", design: result.design, selected: result.selected })
    if (announcement) this.announce(announcement)
  }

  // Applies a mend or a piece of advice. Its button will be gone: the keyboard goes on at the layer that it was about.
  applyMend(op, index, path) {
    this.focus.request(path)
    this.send({ op, index })
  }

  sendUndoOrRedo(op) {
    this.focus.nextPath = this.selected[0] ?? null
    this.send({ op })
  }

  select(path, event) {
    const order = this.state.rows.filter((row) => row.type === "layer").map((row) => row.path)
    Object.assign(this, selectPath(this, path, order, event))
    this.sendSelection(path)
  }

  selectAll() {
    const paths = this.layerRows().map((row) => parsePath(row.dataset.path))
    if (!paths.length) return
    this.anchor = paths[0]
    this.select(paths.at(-1), { shiftKey: true })
  }

  deselect(path) {
    this.selected = []
    this.sendSelection(path)
  }

  sendSelection(focusedPath) {
    this.markSelection()
    this.rowAt(focusedPath)?.focus({ preventScroll: true })
    this.send({ op: "select", selected: this.selected })
  }

  placeAfterSelection() {
    const last = this.selected.at(-1)
    return last ? [...parentStack(last), last.at(-1) + 1] : [this.design.layers.length]
  }

  // The card about the layer at a path, or the first of all.
  focusAdvice(path) {
    const card = this.root.querySelector(path ? `.card[data-paths~="${path.join(".")}"]` : ".card")
    card?.scrollIntoView({ block: "center", behavior: "smooth" })
    card?.focus({ preventScroll: true })
  }

  isFolded(path) {
    return this.folded.has(path.join("."))
  }

  isHidden(path) {
    return [...this.folded].some((block) => isInside(path, parsePath(block)))
  }

  toggleFold(path) {
    const name = path.join(".")
    if (!this.folded.delete(name)) this.folded.add(name)
    this.focus.nextPath = path
    this.draw()
  }

  startDrag(path, event) {
    if (event.button || event.target.closest("button, input")) return
    const draggedPaths = includesPath(this.selected, path) ? this.selected : [path]
    new Drag(this.root, event.currentTarget, event, draggedPaths, {
      onDrop: (target) => this.edit(moveLayers(this.design, draggedPaths, target), "moved"),
      onEnd: () => this.isDrawPending && this.draw(),
    })
  }
}
