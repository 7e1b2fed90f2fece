// What the buttons of the toolbar and the keys do.

// Commands that act on the row with the focus, even where another one is selected.
const ACTS_ON_FOCUSED_ROW = new Set(["add", "up", "down", "into", "out", "duplicate", "delete"])

const editSelected = (edit, pastTense) => (canvas) => {
  const result = edit(canvas.design, canvas.selected)
  if (result) canvas.edit(result, `${canvas.selectedKinds()} ${pastTense}`)
}
const moveFocus = (pickRow) => (canvas, event) => {
  const rows = canvas.layerRows()
  const row = pickRow(rows, rows.indexOf(canvas.rowAt(canvas.focus.currentPath())))
  row?.focus()
  if (row && event.shiftKey) canvas.select(parsePath(row.dataset.path), event)
}
const setFolded = (isFolded) => (canvas) => {
  const path = canvas.focus.currentPath()
  const isBlock = canvas.rowAt(path)?.hasAttribute("aria-expanded")
  if (isBlock && canvas.isFolded(path) !== isFolded) canvas.toggleFold(path)
}

const COMMANDS = {
  add: (canvas) => openPicker(canvas, canvas.placeAfterSelection()),
  undo: (canvas) => canvas.state.can_undo && canvas.sendUndoOrRedo("undo"),
  redo: (canvas) => canvas.state.can_redo && canvas.sendUndoOrRedo("redo"),
  up: editSelected((design, paths) => shiftLayers(design, paths, -1), "moved up"),
  down: editSelected((design, paths) => shiftLayers(design, paths, 1), "moved down"),
  into: editSelected(moveIntoBlock, "moved into the block above"),
  out: editSelected(moveOutOfBlock, "moved out of the block"),
  duplicate: editSelected(duplicateLayers, "duplicated"),
  delete: editSelected(removeLayers, "deleted"),
  compact: (canvas) => toggleCompact(canvas),
  selectAll: (canvas) => canvas.selectAll(),
  select: (canvas, event) => canvas.select(canvas.focus.currentPath(), event),
  deselect: (canvas) => canvas.selected.length && canvas.deselect(canvas.focus.currentPath()),
  focusPrevious: moveFocus((rows, index) => rows[index - 1]),
  focusNext: moveFocus((rows, index) => rows[index + 1]),
  focusFirst: moveFocus((rows) => rows[0]),
  focusLast: moveFocus((rows) => rows.at(-1)),
  fold: setFolded(true),
  unfold: setFolded(false),
}

const runKey = (canvas, event) => {
  const path = canvas.focus.currentPath()
  const name = commandForKey(event, Boolean(path))
  const isForButton = event.target.closest?.("button") && (event.key === "Enter" || event.key === " ")
  if (!name || isForButton) return
  event.preventDefault()
  event.stopPropagation()
  if (ACTS_ON_FOCUSED_ROW.has(name) && path && !includesPath(canvas.selected, path)) canvas.selected = [path]
  COMMANDS[name](canvas, event)
}
