// The list from which a new layer is chosen: type to search, arrows and Enter to choose, Escape to close.

// The kinds that match what is typed, by family; with nothing typed, those that fit a sample with so many axes.
const searchKinds = (families, query, axes) =>
  families
    .map(([family, kinds]) => ({
      family,
      kinds: kinds.filter(([kind, summary]) =>
        query ? `${kind} ${summary}`.toLowerCase().includes(query) : fitsAxes(kind, axes),
      ),
    }))
    .filter(({ kinds }) => kinds.length)

// Whether a kind such as Conv2d fits a sample with so many axes after its channels; null where that is not known.
const fitsAxes = (kind, axes) =>
  !axes || !/[123]d$/.test(kind) || kind.endsWith(`${axes}d`)

// The kind that Enter chooses: the one of that name, else one whose name begins with the query and fits, else begins
// with it, else fits.
const bestMatch = (kinds, query, axes) => {
  const isNamed = (kind) => kind.toLowerCase().startsWith(query)
  const fits = (kind) => fitsAxes(kind, axes)
  const isExact = (kind) => kind.toLowerCase() === query
  const tests = [isExact, (kind) => isNamed(kind) && fits(kind), isNamed, fits]
  return tests.map((test) => kinds.findIndex(test)).find((index) => index >= 0) ?? 0
}

// Axes of a shape such as "10 × 90 × 17", without the channels; null where there is no shape.
const countAxes = (shape) => (shape ? shape.split("×").length - 1 : null)

const kindOption = ([kind, summary], onChoose) => {
  const option = button("kind-option", "", "", () => onChoose(kind))
  option.setAttribute("role", "option")
  option.tabIndex = -1
  option.append(element("span", "kind", kind), element("span", "summary", summary))
  return option
}

class Picker {
  // `onLeave` is called with whether the keyboard should return to where it was.
  constructor(axes, onChoose, onLeave) {
    Object.assign(this, { axes, onChoose, onLeave, current: 0 })
    this.node = element("div", "picker")
    this.node.setAttribute("role", "dialog")
    this.node.setAttribute("aria-label", "Add a layer")
    this.search = element("input")
    this.search.type = "text"
    this.search.placeholder = "Search for a layer …"
    this.search.setAttribute("aria-label", "Search for a layer")
    this.search.oninput = () => this.fill()
    this.list = element("div", "kinds")
    this.list.setAttribute("role", "listbox")
    this.list.setAttribute("aria-label", "Layers")
    this.node.onkeydown = (event) => this.onKey(event)
    this.node.onfocusout = ({ relatedTarget }) => {
      if (!this.node.contains(relatedTarget)) this.onLeave(false)
    }
    this.node.append(this.search, this.list)
    this.fill()
  }

  fill() {
    const query = this.search.value.trim().toLowerCase()
    const families = searchKinds(FAMILIES, query, this.axes)
    this.list.replaceChildren()
    for (const { family, kinds } of families) {
      this.list.append(element("div", "family", family))
      this.list.append(...kinds.map((kind) => kindOption(kind, this.onChoose)))
    }
    if (!families.length) this.list.append(element("div", "family", "no layer of that name"))
    const names = families.flatMap(({ kinds }) => kinds.map(([kind]) => kind))
    this.mark(bestMatch(names, query, this.axes))
  }

  options() {
    return [...this.list.querySelectorAll("button")]
  }

  mark(index) {
    const options = this.options()
    if (!options.length) return
    this.current = (index + options.length) % options.length
    options.forEach((option, number) => option.setAttribute("aria-selected", String(number === this.current)))
    options[this.current].scrollIntoView({ block: "nearest" })
  }

  onKey(event) {
    event.stopPropagation()
    const { key } = event
    if (!["ArrowDown", "ArrowUp", "Enter", "Escape", "Tab"].includes(key)) return
    event.preventDefault()
    if (key === "Enter") this.options()[this.current]?.click()
    else if (key === "ArrowDown" || key === "ArrowUp") this.mark(this.current + (key === "ArrowDown" ? 1 : -1))
    else this.onLeave(true)
  }

  remove() {
    this.node.onfocusout = null // removing it takes the focus away
    this.node.remove()
  }
}

// Opens the list in the gap at a path, and adds there what is chosen.
const openPicker = (canvas, path) => {
  canvas.root.querySelector(".picker")?.remove()
  const previous = canvas.focus.currentPath() ?? canvas.selected[0]
  const gap = canvas.root.querySelector(`.gap[data-gap="${path.join(".")}"]`)
  const close = (returnsFocus) => {
    if (!picker.node.isConnected) return
    picker.remove()
    if (returnsFocus) canvas.rowAt(previous)?.focus()
  }
  const choose = (kind) => {
    canvas.focus.nextPath = path
    close(false)
    canvas.send({ op: "add", path, kind })
    canvas.announce(`${kind} added`)
  }
  const picker = new Picker(countAxes(gap?.querySelector(".flow").textContent), choose, close)
  ;(gap ?? canvas.root).append(picker.node)
  picker.search.focus({ preventScroll: true })
  picker.node.scrollIntoView({ block: "nearest" })
}
