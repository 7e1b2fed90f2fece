// The buttons above the table: each runs the command of its name.

const TOOLS = [
  ["add", "+ Add layer", "Add a layer after the selected one (+)"],
  ["undo", "↶ Undo", "Undo (Ctrl+Z)"],
  ["redo", "↷ Redo", "Redo (Ctrl+Y)"],
  ["up", "↑ Up", "Move the selected layers up (Alt+↑)"],
  ["down", "↓ Down", "Move the selected layers down (Alt+↓)"],
  ["duplicate", "Duplicate", "Duplicate the selected layers (Ctrl+D)"],
  ["delete", "Delete", "Delete the selected layers (Delete)"],
]

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
