// Draws a row per answer. It runs again whenever its data change, so it replaces what it drew before.

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
  const header = element("div", "row head")
  header.setAttribute("aria-hidden", "true")
  header.append(...data.names.map((name) => element("span", "", name)), element("span", "", ""))
  list.style.setProperty("--columns", data.names.length)
  const rows = data.rows.map(({ values, changed }, index) => {
    const isCurrent = !changed.includes(true)
    const row = element("button", isCurrent ? "row present" : "row")
    row.type = "button"
    const valuesText = data.names.map((name, column) => `${name} ${values[column]}`).join(", ")
    row.setAttribute("aria-label", isCurrent ? `${valuesText}: yours` : `Use ${valuesText}`)
    row.append(
      ...values.map((value, column) => element("span", changed[column] ? "changed" : "", String(value))),
      element("span", "use", isCurrent ? "yours" : "use"),
    )
    row.onclick = () => setTriggerValue("pick", index)
    return row
  })
  list.append(header, ...rows)
  root.replaceChildren(list)
}
