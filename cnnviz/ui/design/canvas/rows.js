// The rows of the table: a header, the layers, the headings of stacks inside blocks, and the gaps between layers.

const COLUMNS = [
  ["formula", "Shape rule, with your numbers"],
  ["shape", "Shape"],
  ["parameters", "Param."],
  ["multiply_adds", "Mult.-adds"],
  ["memory", "Memory"],
  ["receptive_field", "Rec. field"],
]

const COLUMN_HELP = {
  multiply_adds: "Multiply-adds: multiplications of an input by a weight, for one sample",
  memory: "Memory for the output of this layer in float32, for one sample; for a block, with all outputs inside it",
  receptive_field: "Receptive field: how much of the net's input one output value can see",
}

const columnClass = (name) => name.replaceAll("_", "-")

const setDepth = (node, depth) => {
  node.style.setProperty("--depth", depth)
  node.classList.toggle("nested", depth > 0)
}

const cell = (role, className, text) => {
  const node = element("span", className, text)
  node.setAttribute("role", role)
  return node
}

const headerRow = () => {
  const row = element("div", "row header")
  row.setAttribute("role", "row")
  const labels = [["number", "#"], ["drawing", "Output"], ["name", "Layer"], ...COLUMNS]
  for (const [name, text] of labels) {
    const node = cell("columnheader", columnClass(name), text)
    if (COLUMN_HELP[name]) node.title = COLUMN_HELP[name]
    row.append(node)
  }
  return row
}

const spokenLabel = (row) =>
  `Layer ${row.number}, ${row.kind}` +
  (row.error ? `, refuses: ${row.error}` : row.shape ? `, shape ${row.shape}` : ", not reached")

// The arguments of a layer; those that follow from the layer above are apart, for the compact view leaves them out.
const argumentsNode = (text) => {
  const [inferred] = text.match(/^in_(channels|features)=\d+(, )?/) ?? [""]
  const node = element("div", "arguments")
  if (inferred) node.append(element("span", "inferred", inferred))
  node.append(text.slice(inferred.length))
  return node
}

const nameCell = (canvas, row) => {
  const node = cell("gridcell", "name")
  const title = element("div", "name-line")
  if (BLOCKS[row.kind]) {
    const isFolded = canvas.isFolded(row.path)
    title.append(button("fold", isFolded ? "▸" : "▾", isFolded ? "Unfold" : "Fold", () => canvas.toggleFold(row.path)))
  }
  title.append(element("span", "kind", row.kind))
  const faults = canvas.state.advice.filter((card) => !card.is_step)
  const advice = faults.filter((card) => card.paths.some((path) => samePath(path, row.path)))
  if (advice.length) {
    const label = `Advice: ${advice.map((card) => card.title).join(", ")}`
    title.append(button("advice-mark", "!", label, () => canvas.focusAdvice(row.path)))
  }
  node.append(title, argumentsNode(row.arguments))
  const field = extensibleField(layerAt(canvas.state.design, row.path))
  if (field) {
    const label = `Add a ${field.title}`
    node.append(button("add-stack", `+ ${field.title}`, label, () => canvas.edit(addStack(canvas.design, row.path))))
  }
  return node
}

const refusalCell = (canvas, row) => {
  const node = cell("gridcell", "reason", row.error)
  const mends = element("div", "mends")
  mends.append(
    ...row.mends.map((text, index) => button("mend", text, "", () => canvas.applyMend("mend", index, row.path))),
  )
  node.append(mends)
  return node
}

const numberCells = (row) =>
  COLUMNS.map(([name]) => {
    const node = cell("gridcell", columnClass(name), row[name])
    node.classList.toggle("muted", name === "formula" && row.formula_is_trivial)
    return node
  })

const layerRow = (canvas, row) => {
  const node = element("div", `row layer ${row.family}`)
  node.setAttribute("role", "row")
  node.setAttribute("aria-level", row.depth + 1)
  node.setAttribute("aria-selected", String(includesPath(canvas.selected, row.path)))
  node.setAttribute("aria-label", spokenLabel(row))
  if (BLOCKS[row.kind]) node.setAttribute("aria-expanded", String(!canvas.isFolded(row.path)))
  setDepth(node, row.depth)
  node.dataset.path = row.path.join(".")
  node.tabIndex = -1
  node.classList.toggle("refuses", Boolean(row.error))
  node.classList.toggle("unreached", !row.error && !row.shape)
  const drawing = cell("gridcell", "drawing")
  if (row.box) drawing.append(tensorBox(row.box, row.family))
  const number = cell("gridcell", "number", row.number.replaceAll(".", ".\u200b")) // may break after a dot
  node.append(number, drawing, nameCell(canvas, row))
  node.append(...(row.error ? [refusalCell(canvas, row)] : numberCells(row)))
  node.onclick = (event) => canvas.select(row.path, event)
  node.onpointerdown = (event) => canvas.startDrag(row.path, event)
  return node
}

const gapRow = (canvas, path, shape) => {
  const node = element("div", "gap")
  node.setAttribute("role", "presentation")
  setDepth(node, (path.length - 1) / 2)
  node.dataset.gap = path.join(".")
  const label = `Add a layer ${shape ? `at ${shape}` : "here"}`
  const plus = button("plus", "+", label, () => openPicker(canvas, path))
  plus.tabIndex = -1
  node.append(element("span", "flow", shape), plus)
  return node
}

const stackHeading = (canvas, row) => {
  const node = element("div", "stack-heading")
  node.dataset.path = row.path.join(".")
  setDepth(node, row.depth)
  const hint = row.is_empty ? "empty: passes its input on" : ""
  node.append(element("span", "title", row.title), element("span", "hint", hint))
  const [block, number] = [parentStack(row.path), row.path.at(-1)]
  if (canRemoveStack(layerAt(canvas.state.design, block), number)) {
    const remove = () => canvas.edit(removeStack(canvas.design, block, number))
    node.append(button("remove-stack", "×", `Remove ${row.title}`, remove))
  }
  return node
}

const drawRow = (canvas, row) => {
  if (row.type === "stack") return [stackHeading(canvas, row), gapRow(canvas, [...row.path, 0], row.input_shape)]
  if (row.type === "gap") return [gapRow(canvas, row.path, row.shape)]
  return [layerRow(canvas, row)]
}

const drawRows = (canvas) => [
  headerRow(),
  gapRow(canvas, [0], canvas.state.input_shape),
  ...canvas.state.rows.filter((row) => !canvas.isHidden(row.path)).flatMap((row) => drawRow(canvas, row)),
]
