// The window sliding over a small input, one output at a time.

const UNIT = 36
const [PAD, HOLE, BEYOND] = [-1, -2, -3]
const formatNumber = (number) => String(number).replaceAll("-", "−")
const formatFactor = (number) => (number < 0 ? `(${formatNumber(number)})` : formatNumber(number))

const figure = (title, ...content) => {
  const node = element("figure")
  const caption = element("figcaption", "", title)
  node.append(caption, ...content)
  return node
}

const cell = (row, column, size = UNIT) => {
  const box = svgElement("rect", { x: 1.5, y: 1.5, width: size - 3, height: size - 3, rx: 4 })
  const text = svgElement("text", { x: size / 2, y: size / 2 + 0.5, class: "value" })
  const weight = svgElement("text", { x: size - 4, y: size - 5, class: "weight" })
  const group = svgElement("g", { transform: `translate(${column * size} ${row * size})`, class: "cell" }, box, text, weight)
  return { group, text, weight }
}

const grid = (rows, columns, label, edge = 0) => {
  const width = columns * UNIT + edge + 2
  const height = rows * UNIT + edge + 2
  const svg = svgElement("svg", {
    viewBox: `${-edge} ${-edge} ${width} ${height}`, width, height, role: "img", "aria-label": label,
  })
  const cells = Array.from({ length: rows }, (_, row) => Array.from({ length: columns }, (_, column) => cell(row, column)))
  svg.append(...cells.flat().map(({ group }) => group))
  return { svg, cells }
}

// Draws a small mark wherever a window starts, which makes the stride visible.
const drawStartMarks = (svg, rows, columns) => {
  const mark = (x, y) => svgElement("circle", { cx: x, cy: y, r: 2.6, class: "mark" })
  const marks = {
    rows: rows.length > 1 ? rows.map((start) => mark(-7, (start + 0.5) * UNIT)) : [],
    columns: columns.length > 1 ? columns.map((start) => mark((start + 0.5) * UNIT, -7)) : [],
  }
  svg.append(...marks.rows, ...marks.columns)
  return marks
}

const windowStarts = (track) => track.windows.map((taps) => taps[0][0])
const windowSpan = (taps) => taps[taps.length - 1][0] - taps[0][0] + 1

const kindOf = (...cells) =>
  cells.includes(BEYOND) ? "beyond" : cells.includes(PAD) ? "pad" : cells.includes(HOLE) ? "hole" : "input"

// Returns the planes of the input that the window reads: one, or in a volume one per sample of its depth.
const inputPlanes = (data) => {
  const [depth, height, width] = data.tracks
  const count = depth.windows[0].length
  return Array.from({ length: count }, (_, slot) => {
    const plane = grid(height.cells.length, width.cells.length, "Input, padded", 14)
    plane.marks = drawStartMarks(plane.svg, windowStarts(height), windowStarts(width))
    plane.window = svgElement("rect", { class: "window", rx: 7 })
    plane.svg.append(plane.window)
    plane.caption = element("figcaption", "plane")
    plane.slot = slot
    return plane
  })
}

const fillPlane = (data, plane, place) => {
  const [depth, height, width] = data.tracks
  const taps = depth.windows[place[0]][plane.slot]
  const depthCell = depth.cells[taps[0]]
  const rows = new Map(height.windows[place[1]])
  const columns = new Map(width.windows[place[2]])
  plane.cells.forEach((line, row) => line.forEach(({ group, text, weight }, column) => {
    const inputIndex = [depthCell, height.cells[row], width.cells[column]]
    const kind = kindOf(...inputIndex)
    const isUnread = depth.unread.includes(taps[0]) || height.unread.includes(row) || width.unread.includes(column)
    const isRead = rows.has(row) && columns.has(column)
    group.setAttribute("class", `cell ${kind}${isRead ? " read" : ""}${isUnread && kind === "input" ? " unread" : ""}`)
    const emptyText = kind === "pad" ? (data.operation === "MaxPool" ? "−∞" : "0") : kind === "hole" ? "0" : ""
    text.textContent = kind === "input" ? formatNumber(data.source[inputIndex[0]][inputIndex[1]][inputIndex[2]]) : emptyText
    const hasWeight = isRead && data.weights && kind !== "beyond"
    weight.textContent = hasWeight ? `×${formatNumber(data.weights[taps[1]][rows.get(row)][columns.get(column)])}` : ""
  }))
  const [rowTaps, columnTaps] = [height.windows[place[1]], width.windows[place[2]]]
  const { style } = plane.window
  style.transform = `translate(${columnTaps[0][0] * UNIT}px, ${rowTaps[0][0] * UNIT}px)`
  plane.window.setAttribute("width", windowSpan(columnTaps) * UNIT)
  plane.window.setAttribute("height", windowSpan(rowTaps) * UNIT)
  plane.marks.rows.forEach((mark, index) => mark.classList.toggle("now", index === place[1]))
  plane.marks.columns.forEach((mark, index) => mark.classList.toggle("now", index === place[2]))
  const outside = kindOf(depthCell) === "pad" ? "depth: padding" : "depth: nothing"
  plane.caption.textContent = depthCell >= 0 ? `depth ${depthCell}` : outside
}

// Returns every product (or number) that goes into one output, in the order in which it is read.
const listTerms = (data, place) => {
  const [depth, height, width] = data.tracks
  const products = []
  for (const [d, wd] of depth.windows[place[0]])
    for (const [r, wr] of height.windows[place[1]])
      for (const [c, wc] of width.windows[place[2]]) {
        const inputIndex = [depth.cells[d], height.cells[r], width.cells[c]]
        const kind = kindOf(...inputIndex)
        if (kind === "beyond" || kind === "hole" || (kind === "pad" && data.operation === "ConvTranspose")) continue
        products.push({
          kind,
          value: kind === "input" ? data.source[inputIndex[0]][inputIndex[1]][inputIndex[2]] : 0,
          weight: data.weights ? data.weights[wd][wr][wc] : null,
        })
      }
  return products
}

const sumLine = (data, place) => {
  const terms = listTerms(data, place)
  const inputTerms = terms.filter((term) => term.kind === "input")
  const result = formatNumber(data.result[place[0]][place[1]][place[2]])
  const line = element("span", "terms")
  const termNode = (term) => {
    const node = element("span", `term ${term.kind}`)
    node.append(element("span", "v", data.first ? formatFactor(term.value) : String(term.value)))
    if (term.weight !== null) node.append("·", element("span", "w", formatFactor(term.weight)))
    return node
  }
  const joinTerms = (list, separator) =>
    list.flatMap((term, index) => (index ? [separator, termNode(term)] : [termNode(term)]))
  if (data.operation === "MaxPool") line.append("max(", ...joinTerms(inputTerms, ", "), ")")
  else if (data.operation === "AvgPool") {
    const countedTerms = data.counted ? terms : inputTerms
    line.append("(", ...joinTerms(countedTerms, " + "), `) / ${data.divisor ?? countedTerms.length}`)
  } else line.append(...(terms.length ? joinTerms(terms, " + ") : ["an empty sum: no weight meets an input here"]))
  if (data.rest) line.append(formatNumber(data.rest[place[0]][place[1]][place[2]]))
  line.append(" = ", element("strong", "result", result))
  return line
}

const describePosition = (data, place) => {
  const outputIndex = place.slice(3 - data.axes.length)
  if (data.first) {
    const firsts = data.first.slice(3 - data.axes.length)
    return `Output at ${data.axes.map((axis, index) => `${axis} ${outputIndex[index] + firsts[index]}`).join(", ")}`
  }
  const parts = data.axes.map((axis, index) => {
    const { stride, padding, dilation } = data.steps[index]
    const track = data.tracks[3 - data.axes.length + index]
    if (data.operation !== "ConvTranspose") {
      const start = outputIndex[index] * stride - padding
      return `${axis} ${outputIndex[index]}·${stride} − ${padding} = ${formatNumber(start)}`
    }
    const contributions = track.windows[outputIndex[index]].filter(([cellIndex]) => track.cells[cellIndex] >= 0).reverse()
    const equation = ([cellIndex, k]) => `${track.cells[cellIndex]}·${stride} + ${k}·${dilation} − ${padding}`
    return `${axis} ${outputIndex[index]}${contributions.map((tap) => ` = ${equation(tap)}`).join("") || " meets no input"}`
  })
  const rule = data.operation === "ConvTranspose" ? "output = input·stride + weight·dilation − padding" : "the window starts at"
  const outputName = outputIndex.length > 1 ? `Output (${outputIndex.join(", ")})` : `Output ${outputIndex[0]}`
  return `${outputName}: ${rule}: ${parts.join("; ")}`.replace("at: ", "at ")
}

const legend = (data) => {
  const names = { pad: "padding", hole: "hole left by the stride", unread: "never read", beyond: "beyond the end" }
  const present = new Set(data.tracks.flatMap(({ cells }) => cells.map((value) => kindOf(value))))
  if (data.tracks.some(({ unread }) => unread.length)) present.add("unread")
  const list = element("div", "legend")
  for (const [kind, name] of Object.entries(names)) {
    if (!present.has(kind)) continue
    const swatch = svgElement("svg", { viewBox: "0 0 20 20", "aria-hidden": "true" })
    swatch.append(svgElement("g", { class: `cell ${kind === "unread" ? "input unread" : kind}` },
      svgElement("rect", { x: 2, y: 2, width: 16, height: 16, rx: 3 })))
    const item = element("span", "item")
    item.append(swatch, name)
    list.append(item)
  }
  if (data.steps.some(({ stride }) => stride > 1) && data.operation !== "ConvTranspose") {
    const item = element("span", "item")
    item.append(svgElement("svg", { viewBox: "0 0 20 20", "aria-hidden": "true" },
      svgElement("circle", { cx: 10, cy: 10, r: 4, class: "mark now" })), "places where a window starts")
    list.append(item)
  }
  return list
}

const kernelFigure = (data) => {
  if (!data.weights) return null
  const planes = data.weights.map((plane, index) => {
    const { svg, cells } = grid(plane.length, plane[0].length, "Kernel")
    plane.forEach((line, row) => line.forEach((value, column) => {
      cells[row][column].text.textContent = formatNumber(value)
      cells[row][column].group.setAttribute("class", "cell kernel")
    }))
    if (data.weights.length === 1) return svg
    const slot = element("div", "slot")
    slot.append(element("figcaption", "plane", `depth ${index}`), svg)
    return slot
  })
  const row = element("div", "planes")
  row.append(...planes)
  const title = data.operation === "ConvTranspose" ? "Kernel (meets the input mirrored)" : "Kernel"
  return figure(title, row)
}

const draw = (root, data, before) => {
  const [depth, height, width] = data.tracks
  const counts = [depth.windows.length, height.windows.length, width.windows.length]
  const placeOf = (step) => [
    Math.floor(step / (counts[1] * counts[2])), Math.floor(step / counts[2]) % counts[1], step % counts[2],
  ]
  root.classList.toggle("weighted", Boolean(data.weights))
  root.classList.toggle("fine", Boolean(data.first))
  root.style.setProperty("--kernel", data.colours.k)
  root.style.setProperty("--stride", data.colours.s)
  root.style.setProperty("--padding", data.colours.p)
  const planes = inputPlanes(data)
  const isVolume = data.axes.length === 3
  const inputs = element("div", "planes")
  inputs.append(...planes.map((plane) => {
    if (!isVolume) return plane.svg
    const slot = element("div", "slot")
    slot.append(plane.caption, plane.svg)
    return slot
  }))
  const output = grid(counts[1], counts[2], "Output")
  const formatSizes = (list) => list.slice(3 - data.axes.length).join(" × ")
  const inputSizes = [depth, height, width].map(({ cells }) => cells.filter((value) => value >= 0).length)
  const board = element("div", data.axes.length === 1 ? "board line" : "board")
  board.tabIndex = 0
  board.setAttribute("role", "group")
  board.setAttribute("aria-label", "The sliding window. Arrow keys step, space plays and pauses.")
  const outputTitle = element("span", "", `Output ${formatSizes(counts)}${data.first ? ", a part" : ""}`)
  const outputFigure = figure("", output.svg)
  outputFigure.querySelector("figcaption").append(outputTitle)
  const isSpread = data.operation === "ConvTranspose" && data.steps.some(({ stride }) => stride > 1)
  const figures = element("div", "figures")
  const kernelAndOutput = element("div", "pair")
  kernelAndOutput.append(...[kernelFigure(data)].filter(Boolean), outputFigure)
  figures.append(
    figure(`Input ${formatSizes(inputSizes)}${data.first ? ", a part of the map" : ""}${isSpread ? ", spread out by the stride" : ""}`, inputs),
    kernelAndOutput,
  )
  const sum = element("div", "sum")
  const termCount = data.tracks.reduce((count, { windows }) => count * windows[0].length, 1)
  sum.style.minHeight = `${1.75 * Math.ceil(termCount / 5)}em`  // so that a longer sum does not move what is below it
  const positionText = element("div", "where")
  const explanation = element("div", "explanation")
  explanation.append(sum, positionText, legend(data))
  board.append(figures, explanation)
  const show = (step, isPlaying) => {
    const place = placeOf(step)
    planes.forEach((plane) => fillPlane(data, plane, place))
    output.cells.forEach((line, row) => line.forEach(({ group, text }, column) => {
      const index = (place[0] * counts[1] + row) * counts[2] + column
      text.textContent = index <= step ? formatNumber(data.result[place[0]][row][column]) : ""
      text.classList.toggle("long", text.textContent.length > 3)
      group.setAttribute("class", `cell output${index === step ? " now" : index < step ? " done" : ""}`)
    }))
    if (isVolume) outputTitle.textContent = `Output ${formatSizes(counts)}, depth ${place[0]}`
    sum.setAttribute("aria-live", isPlaying ? "off" : "polite")
    sum.replaceChildren(sumLine(data, place))
    positionText.textContent = describePosition(data, place)
  }
  const labelOf = (step) => {
    const place = placeOf(step)
    return `output ${place.slice(3 - data.axes.length).join(", ")}: ${data.result[place[0]][place[1]][place[2]]}`
  }
  const total = counts[0] * counts[1] * counts[2]
  const steps = stepper(root, { count: total, row: counts[2], name: "Position of the window", show, labelOf })
  output.cells.forEach((line, row) => line.forEach(({ group }, column) => {
    group.onclick = () => steps.stopAt((placeOf(steps.currentStep())[0] * counts[1] + row) * counts[2] + column)
  }))
  const note = data.smaller ? [element("p", "note", `Drawn smaller to fit the page: ${data.smaller}.`)] : []
  root.replaceChildren(...note, board, steps.bar)
  steps.showStep(0)
  return steps
}

export default function ({ data, parentElement }) {
  const root = parentElement.querySelector(".sliding")
  if (!root || !data) return
  return drawOnChange(root, data, draw)
}
