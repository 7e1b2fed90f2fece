// Draws the rows it is given; runs again at every change of its data, so it only ever replaces.
// Whatever a student typed goes in by textContent.

const element = (tag, name, text) => {
  const node = document.createElement(tag)
  if (name) node.className = name
  if (text !== undefined) node.textContent = text
  return node
}

const head = (input) => {
  const row = element("div", "row head")
  row.append(
    element("span", "number", "#"),
    element("span", "what", "Layer"),
    element("span", "formula", "Shape rule, with your numbers"),
    element("span", "shape", "Shape"),
    element("span", "parameters", "Param."),
  )
  const start = element("div", "row head input")
  start.append(
    element("span", "number", ""),
    element("span", "what", "Input"),
    element("span", "formula", ""),
    element("span", "shape", input),
    element("span", "parameters", ""),
  )
  row.setAttribute("aria-hidden", "true")
  return [row, start]
}

const spoken = (row, index) =>
  `Layer ${index + 1}, ${row.kind}` +
  (row.error ? `, refuses: ${row.error}` : row.shape ? `, shape ${row.shape}` : ", not reached")

const layer = (row, index, selected, act) => {
  const item = element("li", "row layer")
  item.classList.toggle("refuses", Boolean(row.error))
  item.classList.toggle("unreached", !row.error && !row.shape)
  item.setAttribute("role", "option")
  item.setAttribute("aria-selected", String(index === selected))
  item.setAttribute("aria-label", spoken(row, index))
  item.dataset.index = index
  item.tabIndex = index === (selected ?? 0) ? 0 : -1
  const what = element("span", "what")
  what.append(element("div", "kind", row.kind), element("div", "arguments", row.arguments))
  item.append(element("span", "number", index + 1), what)
  if (row.error) {
    const reason = element("span", "reason", row.error)
    if (row.mend) {
      const button = element("button", "", row.mend)
      button.type = "button"
      button.onclick = (event) => {
        event.stopPropagation()
        act("mend", index)
      }
      button.onkeydown = (event) => event.stopPropagation()
      reason.append(button)
    }
    item.append(reason)
  } else {
    const quiet = row.formula === "shape unchanged" || !row.formula
    item.append(
      element("span", quiet ? "formula quiet" : "formula", row.formula || "waits for the layer above"),
      element("span", "shape", row.shape),
      element("span", "parameters", row.parameters),
    )
  }
  item.onclick = () => act("select", index)
  return item
}

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".stack")
  if (!root || !data) return
  const focused = root.contains(root.getRootNode().activeElement)
  const act = (op, index) => setTriggerValue("act", { op, index })
  const list = element("ol")
  list.setAttribute("role", "listbox")
  list.setAttribute("aria-label", "Layers of the net")
  list.append(...data.rows.map((row, index) => layer(row, index, data.selected, act)))
  list.onkeydown = (event) => {
    const index = Number(event.target.dataset?.index)
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key]
    if (step && list.children[index + step]) {
      event.preventDefault()
      list.children[index + step].focus()
    } else if (event.key === "Home" || event.key === "End") {
      event.preventDefault()
      list.children[event.key === "Home" ? 0 : list.children.length - 1].focus()
    } else if (event.key === "Enter" || event.key === " ") {
      event.preventDefault()
      act("select", index)
    }
  }
  root.replaceChildren(...head(data.input), list)
  if (focused) list.querySelector("[aria-selected='true']")?.focus({ preventScroll: true })
}
