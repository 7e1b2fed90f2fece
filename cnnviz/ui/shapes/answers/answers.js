// Draws the rows it is given; runs again at every change of its data, so it only ever replaces.

const element = (tag, name, text) => {
  const node = document.createElement(tag)
  if (name) node.className = name
  if (text !== undefined) node.textContent = text
  return node
}

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".answers")
  if (!root || !data) return
  const list = element("div", "list")
  const head = element("div", "row head")
  head.setAttribute("aria-hidden", "true")
  head.append(...data.names.map((name) => element("span", "", name)), element("span", "", ""))
  list.style.setProperty("--columns", data.names.length)
  const rows = data.rows.map(({ values, changed }, index) => {
    const present = !changed.includes(true)
    const row = element("button", present ? "row present" : "row")
    row.type = "button"
    const said = data.names.map((name, column) => `${name} ${values[column]}`).join(", ")
    row.setAttribute("aria-label", present ? `${said}: yours` : `Use ${said}`)
    row.append(
      ...values.map((value, column) => element("span", changed[column] ? "changed" : "", String(value))),
      element("span", "use", present ? "yours" : "use"),
    )
    row.onclick = () => setTriggerValue("pick", index)
    return row
  })
  list.append(head, ...rows)
  root.replaceChildren(list)
}
