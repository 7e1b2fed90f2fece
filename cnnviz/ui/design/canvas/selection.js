// Which layers are selected after a click or a key. `order` holds the paths of all rows from top to bottom.

const includesPath = (paths, path) => paths.some((other) => samePath(other, path))

const selectRange = (order, from, to) => {
  const positions = [from, to].map((path) => order.findIndex((other) => samePath(other, path)))
  const [first, last] = positions.sort((a, b) => a - b)
  return order.slice(first, last + 1)
}

const toggleSelected = (selected, path) =>
  includesPath(selected, path) ? selected.filter((other) => !samePath(other, path)) : [...selected, path]

// With Shift, everything from the anchor to the path; with Ctrl or Cmd, the path is added or removed; otherwise the path
// alone. The anchor is where the next range begins. Returns the new { selected, anchor }.
const selectPath = ({ selected, anchor }, path, order, { shiftKey = false, ctrlKey = false, metaKey = false } = {}) => {
  if (shiftKey && selected.length) {
    const start = anchor && includesPath(order, anchor) ? anchor : selected[0]
    return { selected: selectRange(order, start, path), anchor }
  }
  if (ctrlKey || metaKey) return { selected: toggleSelected(selected, path), anchor: path }
  return { selected: [path], anchor: path }
}
