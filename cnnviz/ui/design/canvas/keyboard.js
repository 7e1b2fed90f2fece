// Keys and the names of the commands that they stand for; `COMMANDS` says what each command does.

const KEYS_WITH_CONTROL = { z: "undo", y: "redo", d: "duplicate", a: "selectAll" }
const KEYS_WITH_ALT = { ArrowUp: "up", ArrowDown: "down", ArrowRight: "into", ArrowLeft: "out" }
const KEYS_ON_ROW = {
  ArrowUp: "focusPrevious",
  ArrowDown: "focusNext",
  Home: "focusFirst",
  End: "focusLast",
  ArrowLeft: "fold",
  ArrowRight: "unfold",
  Enter: "select",
  " ": "select",
  Escape: "deselect",
  Delete: "delete",
  Backspace: "delete",
  "+": "add",
  Insert: "add",
}

// The command of a key press, or undefined; most keys mean something only while a row has the focus.
const commandForKey = ({ key, ctrlKey, metaKey, altKey, shiftKey }, isOnRow) => {
  const name = key.length === 1 ? key.toLowerCase() : key
  if (ctrlKey || metaKey) {
    const command = KEYS_WITH_CONTROL[name]
    if (command) return command === "undo" && shiftKey ? "redo" : command
  }
  if (!isOnRow) return undefined
  return altKey ? KEYS_WITH_ALT[name] : KEYS_ON_ROW[name]
}
