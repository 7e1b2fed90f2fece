// The list from which a new layer is chosen: type to search, arrows and Enter to choose, Escape to leave.

const FAMILIES = /*PALETTE*/ []

const picker = (place, axes, choose, leave) => {
  const node = element("div", "picker")
  node.setAttribute("role", "dialog")
  node.setAttribute("aria-label", "Add a layer")
  const search = element("input")
  search.type = "text"
  search.placeholder = "Search a layer …"
  search.setAttribute("aria-label", "Search a layer")
  const list = element("div", "kinds")
  list.setAttribute("role", "listbox")
  list.setAttribute("aria-label", "Layers")
  const fits = (kind) => !axes || !/[123]d$/.test(kind) || kind.endsWith(`${axes}d`) || (axes === 0 && kind.endsWith("1d"))
  let current = 0
  const options = () => [...list.querySelectorAll("button")]
  const mark = (index) => {
    const all = options()
    if (!all.length) return
    current = (index + all.length) % all.length
    all.forEach((each, number) => each.setAttribute("aria-selected", String(number === current)))
    all[current].scrollIntoView({ block: "nearest" })
  }
  const fill = () => {
    const wanted = search.value.trim().toLowerCase()
    list.replaceChildren()
    for (const [family, kinds] of FAMILIES) {
      const shown = kinds.filter(([kind, summary]) =>
        wanted ? `${kind} ${summary}`.toLowerCase().includes(wanted) : fits(kind),
      )
      if (!shown.length) continue
      list.append(element("div", "family", family))
      for (const [kind, summary] of shown) {
        const option = button("kind-option", "", "", () => choose(kind))
        option.setAttribute("role", "option")
        option.tabIndex = -1
        option.append(element("span", "kind", kind), element("span", "summary", summary))
        list.append(option)
      }
    }
    if (!list.children.length) list.append(element("div", "family", "no layer of that name"))
    const kinds = options().map((each) => each.querySelector(".kind").textContent)
    const named = (kind) => kind.toLowerCase().startsWith(wanted)
    const best = [(kind) => named(kind) && fits(kind), named, fits].map((test) => kinds.findIndex(test))
    mark(best.find((index) => index >= 0) ?? 0)
  }
  search.oninput = fill
  node.onkeydown = (event) => {
    event.stopPropagation()
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault()
      mark(current + (event.key === "ArrowDown" ? 1 : -1))
    } else if (event.key === "Enter") {
      event.preventDefault()
      options()[current]?.click()
    } else if (event.key === "Escape" || event.key === "Tab") {
      event.preventDefault()
      leave(true)
    }
  }
  node.onfocusout = (event) => {
    if (!node.contains(event.relatedTarget)) leave(false)
  }
  node.append(search, list)
  fill()
  return [node, search]
}
