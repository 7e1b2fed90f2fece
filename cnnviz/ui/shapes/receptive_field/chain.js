// The receptive field on the input, growing with the layer that is selected.

const BOX = { width: 430, height: 380 }

const headerRow = () => {
  const row = element("div", "row head")
  for (const [name, text] of [["number", "#"], ["kind", "Layer"], ["window", "Window"], ["shape", "Shape"],
    ["size", "Field r"], ["jump", "Jump"]]) row.append(element("span", name, text))
  row.setAttribute("aria-hidden", "true")
  return row
}

const labelOf = (link) => `Layer ${link.number}, ${link.kind}, field ${link.size}, jump ${link.jump}`

const layerRow = (link) => {
  const row = element("li", "row layer")
  row.setAttribute("role", "option")
  row.setAttribute("aria-label", labelOf(link))
  for (const name of ["number", "kind", "window", "shape", "size", "jump"]) row.append(element("span", name, link[name]))
  return row
}

// Draws a plane (two axes) or a bar (one axis) of the input, with the field of every layer on it.
const drawView = (data, [y, x]) => {
  const inputWidth = data.sizes[x]
  const inputHeight = y === null ? Math.max(inputWidth / 9, 1) : data.sizes[y]
  const maxMargin = 0.22 * Math.max(inputWidth, inputHeight)  // for the part of a field that reads padding
  const margins = [0, 0, 0, 0].map(() => 0)
  for (const { fields } of data.links) {
    if (!fields) continue
    margins[0] = Math.max(margins[0], -fields[x][0])
    margins[1] = Math.max(margins[1], fields[x][0] + fields[x][1] - inputWidth)
    if (y === null) continue
    margins[2] = Math.max(margins[2], -fields[y][0])
    margins[3] = Math.max(margins[3], fields[y][0] + fields[y][1] - inputHeight)
  }
  const [left, right, top, bottom] = margins.map((margin) => Math.min(margin, maxMargin))
  const [width, height] = [inputWidth + left + right, inputHeight + top + bottom]
  const scale = Math.min(BOX.width / width, (y === null ? 90 : BOX.height) / height, 34)
  const svg = svgElement("svg", {
    viewBox: `${-left * scale - 2} ${-top * scale - 2} ${width * scale + 4} ${height * scale + 4}`,
    width: width * scale + 4, height: height * scale + 4, role: "img", "aria-label": "Receptive field on the input",
  })
  svg.append(svgElement("rect", { x: 0, y: 0, width: inputWidth * scale, height: inputHeight * scale, class: "input" }))
  if (scale >= 5) {
    const lines = svgElement("g", { class: "lines" })
    for (let column = 1; column < inputWidth; column++)
      lines.append(svgElement("path", { d: `M${column * scale} 0V${inputHeight * scale}` }))
    for (let row = 1; y !== null && row < inputHeight; row++)
      lines.append(svgElement("path", { d: `M0 ${row * scale}H${inputWidth * scale}` }))
    svg.append(lines)
  }
  const fieldBox = (link) => {
    const [start, size] = link.fields[x]
    const [first, length] = y === null ? [0, inputHeight] : link.fields[y]
    return { x: start * scale, y: first * scale, width: size * scale, height: length * scale }
  }
  const previousFields = data.links.map((link) =>
    link.fields ? svgElement("rect", { ...fieldBox(link), class: "before" }) : null)
  svg.append(...previousFields.filter(Boolean))
  const field = svgElement("rect", { class: "field" })
  svg.append(field)
  const show = (step) => {
    previousFields.forEach((rect, index) => rect?.classList.toggle("shown", index < step))
    field.classList.toggle("shown", Boolean(data.links[step].fields))
    if (!data.links[step].fields) return
    for (const [name, value] of Object.entries(fieldBox(data.links[step]))) field.style[name] = `${value}px`
  }
  return { svg, show }
}

const draw = (root, data, previousStep) => {
  const axisPairs = { 1: [[null, 0]], 2: [[0, 1]], 3: [[1, 2], [null, 0]] }[data.axes.length]
  const views = axisPairs.map((axisPair) => drawView(data, axisPair))
  const rows = data.links.map(layerRow)
  const list = element("ol")
  list.setAttribute("role", "listbox")
  list.setAttribute("aria-label", "Layers of the chain. Arrow keys step, space plays and pauses.")
  list.tabIndex = 0
  list.append(...rows)
  const [lines, summary] = [element("div", "lines"), element("div", "summary")]
  const show = (step, isPlaying) => {
    const link = data.links[step]
    views.forEach((view) => view.show(step))
    rows.forEach((row, index) => row.setAttribute("aria-selected", String(index === step)))
    const [top, bottom] = [rows[step].offsetTop, rows[step].offsetTop + rows[step].offsetHeight]
    if (top < list.scrollTop || bottom > list.scrollTop + list.clientHeight) list.scrollTop = top - list.clientHeight / 2
    lines.replaceChildren(...link.lines.map((line) => element("div", "", line)))
    summary.setAttribute("aria-live", isPlaying ? "off" : "polite")
    const readsPadding = link.fields?.some(([start, size], axis) => start < 0 || start + size > data.sizes[axis])
    summary.textContent = link.fields
      ? `One output of layer ${link.number} (${link.kind}) reads ${link.size} samples; the input has ` +
        `${data.sizes.join(" × ")}.${readsPadding ? " What lies outside is padding." : ""}`
      : `After layer ${link.number} (${link.kind}), positions and channels are mixed in one row.`
  }
  const steps = stepper(root, {
    count: data.links.length, pace: 1200, name: "Layer of the chain", show,
    labelOf: (step) => labelOf(data.links[step]),
  })
  rows.forEach((row, index) => (row.onclick = () => steps.stopAt(index)))
  const table = element("div", "table")
  table.append(headerRow(), list)
  const drawing = element("figure", "drawing")
  drawing.append(...views.map((view) => view.svg))
  const text = element("div", "text")
  text.append(summary, lines)
  const details = element("div", "right")
  details.append(drawing, text)
  const columns = element("div", "sides")
  columns.append(table, details)
  root.replaceChildren(columns, steps.bar)
  steps.showStep(Math.min(previousStep, data.links.length - 1))
  return steps
}

export default function ({ data, parentElement }) {
  const root = parentElement.querySelector(".chain")
  if (!root || !data?.links?.length) return
  return drawOnChange(root, data, draw)
}
