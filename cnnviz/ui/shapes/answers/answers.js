// Draws a row per answer. It runs again whenever its data change, so it replaces what it drew before.

const element = (tag, name, text) => {
  const node = document.createElement(tag)
  if (name) node.className = name
  if (text !== undefined) node.textContent = text
  return node
}

const UNUSUAL_TEXT = "Hardly ever used: windows that leave out samples between them, or lie in nothing but padding"

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".answers")
  if (!root || !data) return
  const firstUnusual = data.rows.findIndex(({ reason }) => reason)
  const hasReasons = firstUnusual >= 0
  const list = element("div", hasReasons ? "list with-reasons" : "list")
  const header = element("div", "row head")
  header.setAttribute("aria-hidden", "true")
  header.append(...data.names.map((name) => element("span", "", name)), element("span", "", ""))
  if (hasReasons) header.append(element("span", "", ""))
  list.style.setProperty("--columns", data.names.length)
  const rows = data.rows.flatMap(({ values, changed, reason }, index) => {
    const isCurrent = !changed.includes(true)
    const row = element("button", isCurrent ? "row present" : "row")
    row.type = "button"
    const valuesText = data.names.map((name, column) => `${name} ${values[column]}`).join(", ")
    row.setAttribute("aria-label", isCurrent ? `${valuesText}: yours` : `Use ${valuesText}`)
    if (reason) row.title = reason
    row.append(
      ...values.map((value, column) => element("span", changed[column] ? "changed" : "", String(value))),
      ...(hasReasons ? [element("span", "reason", reason)] : []),
      element("span", "use", isCurrent ? "yours" : "use"),
    )
    row.onclick = () => setTriggerValue("pick", index)
    return index === firstUnusual ? [element("div", "apart", UNUSUAL_TEXT), row] : [row]
  })
  list.append(header, ...rows)
  root.replaceChildren(list)
}
