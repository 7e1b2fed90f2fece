// The buttons above the table: each runs the command of its name.

const TOOLS = [
  ["add", "+ Add layer", "Add a layer after the selected one (+)"],
  ["undo", "↶ Undo", "Undo (Ctrl+Z)"],
  ["redo", "↷ Redo", "Redo (Ctrl+Y)"],
  ["up", "↑ Up", "Move the selected layers up (Alt+↑)"],
  ["down", "↓ Down", "Move the selected layers down (Alt+↓)"],
  ["duplicate", "Duplicate", "Duplicate the selected layers (Ctrl+D)"],
  ["delete", "Delete", "Delete the selected layers (Delete)"],
  ["compact", "Compact", "Compact view: one line for each layer"],
]

// The browser remembers which view a student prefers; one that keeps nothing begins with the large one.
const COMPACT_KEY = "cnnviz-compact"
const isCompact = () => {
  try {
    return localStorage.getItem(COMPACT_KEY) === "1"
  } catch {
    return false
  }
}

const showCompact = (root, compact) => {
  root.classList.toggle("compact", compact)
  findTool(root, "compact").setAttribute("aria-pressed", String(compact))
}

const toggleCompact = ({ root }) => {
  const compact = !root.classList.contains("compact")
  showCompact(root, compact)
  try {
    localStorage.setItem(COMPACT_KEY, compact ? "1" : "")
  } catch {
    // it is forgotten with the page
  }
}

const toolButtons = (canvas) =>
  TOOLS.map(([name, text, label]) => {
    const node = button("", text, label, (event) => COMMANDS[name](canvas, event))
    node.dataset.tool = name
    return node
  })

const findTool = (root, name) => root.querySelector(`[data-tool=${name}]`)

const enableTools = (root, { hasSelection, canUndo, canRedo }) => {
  for (const name of ["up", "down", "duplicate", "delete"]) findTool(root, name).disabled = !hasSelection
  findTool(root, "undo").disabled = !canUndo
  findTool(root, "redo").disabled = !canRedo
}
