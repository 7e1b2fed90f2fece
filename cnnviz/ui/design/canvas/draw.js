// The drawing: rows of the table with their blocks, and the gaps between them. User text goes in by textContent.

const element = (tag, name, text) => {
  const node = document.createElement(tag)
  if (name) node.className = name
  if (text !== undefined) node.textContent = text
  return node
}

const button = (name, text, label, act) => {
  const node = element("button", name, text)
  node.type = "button"
  if (label) {
    node.setAttribute("aria-label", label)
    node.title = label
  }
  node.onclick = (event) => {
    event.stopPropagation()
    act(event)
  }
  return node
}

const setIn = (node, depth) => {
  node.style.setProperty("--depth", depth)
  node.classList.toggle("nested", depth > 0)
}

// A box whose front is height × width and whose depth is the channels; a flat sample is a bar.
const SVG = "http://www.w3.org/2000/svg"
const box = (size, family) => {
  const [depth, height, width] = size
  const [dx, dy] = [depth * 0.72, depth * 0.42]
  const svg = document.createElementNS(SVG, "svg")
  svg.setAttribute("class", `box ${family}`)
  svg.setAttribute("width", width + dx + 2)
  svg.setAttribute("height", height + dy + 2)
  svg.setAttribute("aria-hidden", "true")
  const face = (name, points) => {
    const polygon = document.createElementNS(SVG, "polygon")
    polygon.setAttribute("class", name)
    polygon.setAttribute("points", points.map(([x, y]) => `${x + 1},${y + 1}`).join(" "))
    svg.append(polygon)
  }
  face("top", [[0, dy], [dx, 0], [dx + width, 0], [width, dy]])
  face("side", [[width, dy], [width + dx, 0], [width + dx, height], [width, height + dy]])
  face("front", [[0, dy], [width, dy], [width, height + dy], [0, height + dy]])
  return svg
}

const COLUMNS = [
  ["formula", "Shape rule, with your numbers"],
  ["shape", "Shape"],
  ["parameters", "Param."],
  ["multiply", "Mult.-adds"],
  ["memory", "Memory"],
  ["reach", "Rec. field"],
]

const EXPLAINED = {
  multiply: "Multiply-adds: multiplications of an input by a weight, for one sample",
  memory: "What the output of this layer takes in float32, for one sample; of a block, all outputs inside it, too",
  reach: "Receptive field: how much of the net's input one output value can see",
}

const head = () => {
  const row = element("div", "row head")
  row.setAttribute("role", "row")
  const cell = (name, text) => {
    const node = element("span", name, text)
    node.setAttribute("role", "columnheader")
    if (EXPLAINED[name]) node.title = EXPLAINED[name]
    return node
  }
  row.append(cell("number", "#"), cell("drawing", "Output"), cell("what", "Layer"))
  row.append(...COLUMNS.map(([name, text]) => cell(name, text)))
  return row
}

const spoken = (row) =>
  `Layer ${row.number}, ${row.kind}` +
  (row.error ? `, refuses: ${row.error}` : row.shape ? `, shape ${row.shape}` : ", not reached")

const cellOf = (name, text) => {
  const node = element("span", name, text)
  node.setAttribute("role", "gridcell")
  return node
}

const layerRow = (row, view, hands) => {
  const item = element("div", `row layer ${row.family}`)
  item.setAttribute("role", "row")
  item.setAttribute("aria-level", row.depth + 1)
  item.setAttribute("aria-selected", String(view.selected.some((path) => same(path, row.path))))
  item.setAttribute("aria-label", spoken(row))
  setIn(item, row.depth)
  item.dataset.path = row.path.join(".")
  item.tabIndex = -1
  item.classList.toggle("refuses", Boolean(row.error))
  item.classList.toggle("unreached", !row.error && !row.shape)
  const drawing = cellOf("drawing")
  if (row.box) drawing.append(box(row.box, row.family))
  const what = cellOf("what")
  const name = element("div", "named")
  name.append(element("span", "kind", row.kind))
  if (row.block) {
    const folded = view.folded.has(item.dataset.path)
    item.setAttribute("aria-expanded", String(!folded))
    name.prepend(button("fold", folded ? "▸" : "▾", folded ? "Unfold" : "Fold", () => hands.fold(row.path)))
  }
  const hints = view.data.advice.filter((each) => each.path && same(each.path, row.path)).map((each) => each.title)
  if (hints.length) {
    name.append(button("hint-mark", "!", `Advice: ${hints.join(", ")}`, () => hands.lead(row.path)))
  }
  what.append(name, element("div", "arguments", row.arguments ?? ""))
  item.append(cellOf("number", row.number.replaceAll(".", ".\u200b")), drawing, what)
  if (row.error) {
    const reason = cellOf("reason", row.error)
    const ways = element("div", "ways")
    ways.append(...row.mends.map((text, index) => button("mend", text, "", () => hands.mend("mend", index, row.path))))
    reason.append(ways)
    item.append(reason)
  } else {
    item.append(...COLUMNS.map(([key]) => cellOf(row.quiet && key === "formula" ? "formula quiet" : key, row[key] ?? "")))
  }
  if (row.kind === "Parallel" && !row.full)
    what.append(button("branch", "+ branch", "Add a branch", () => hands.edit(withBranches(hands.design(), row.path, (b) => b.push([])))))
  item.onclick = (event) => hands.select(row.path, event)
  item.onpointerdown = (event) => hands.grab(row.path, event.currentTarget, event)
  return item
}

const gap = (place, shape, hands) => {
  const node = element("div", "gap")
  node.setAttribute("role", "presentation")
  setIn(node, (place.length - 1) / 2)
  node.dataset.gap = place.join(".")
  const label = element("span", "flow", shape)
  const plus = button("plus", "+", `Add a layer ${shape ? `at ${shape}` : "here"}`, () => hands.pick(place))
  plus.tabIndex = -1
  node.append(label, plus)
  return node
}

const stackHead = (stack, hands) => {
  const node = element("div", "stack-head")
  node.dataset.path = stack.path.join(".")
  setIn(node, stack.depth)
  node.append(element("span", "title", stack.title), element("span", "hint", stack.empty ? "empty: hands its input on" : ""))
  if (stack.removable) {
    const block = stack.path.slice(0, -1)
    const drop = () => hands.edit(withBranches(hands.design(), block, (branches) => branches.splice(stack.path.at(-1), 1)))
    node.append(button("drop", "×", `Remove ${stack.title}`, drop))
  }
  return node
}

const drawn = (data, view, hands) => {
  const nodes = [head(), gap([0], data.input, hands)]
  for (const row of data.rows) {
    const hidden = [...view.folded].some((path) => inside(row.path, path.split(".").map(Number)))
    if (hidden) continue
    if (row.stack) nodes.push(stackHead(row, hands), gap([...row.path, 0], row.input, hands))
    else if (row.end) nodes.push(gap(row.path, row.shape, hands))
    else nodes.push(layerRow(row, view, hands))
  }
  return nodes
}
