// Shared by the step-by-step drawings. A drawing is built once for its data; a step only changes attributes.

const SVG = "http://www.w3.org/2000/svg"

const element = (tag, name, text) => {
  const node = document.createElement(tag)
  if (name) node.className = name
  if (text !== undefined) node.textContent = text
  return node
}

const svgElement = (tag, attributes, ...children) => {
  const node = document.createElementNS(SVG, tag)
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value)
  node.append(...children)
  return node
}

const ICONS = {
  first: "M6 5h2v14H6zM18 5v14L9 12z",
  back: "M16 5v14L7 12z",
  forward: "M8 5v14l9-7z",
  play: "M7 4v16l13-8z",
  pause: "M6 5h4v14H6zM14 5h4v14h-4z",
}

const icon = (name) =>
  svgElement("svg", { viewBox: "0 0 24 24", "aria-hidden": "true" }, svgElement("path", { d: ICONS[name] }))

const button = (name, label, onClick) => {
  const node = element("button", name)
  node.type = "button"
  node.setAttribute("aria-label", label)
  node.title = label
  node.append(icon(name))
  node.onclick = onClick
  return node
}

// Steps 0 … count − 1. `show(step, isPlaying)` draws one; `labelOf(step)` describes it in a few words.
// The keys work wherever the focus is in `root`: ←/→ move one step, ↑/↓ `row` steps, Home and End to the ends;
// space plays and pauses.
const stepper = (root, { count, row = 1, pace = 900, name, show, labelOf }) => {
  const state = { step: 0, timer: 0, speed: 1 }
  const isPlaying = () => state.timer !== 0
  const bar = element("div", "bar")
  const range = element("input", "range")
  const position = element("output", "position")

  const showStep = (step) => {
    state.step = Math.min(Math.max(step, 0), count - 1)
    range.value = state.step
    range.setAttribute("aria-valuetext", labelOf(state.step))
    position.textContent = `${state.step + 1} / ${count}`
    first.disabled = back.disabled = state.step === 0
    forward.disabled = state.step === count - 1
    show(state.step, isPlaying())
  }
  const stop = () => {
    clearTimeout(state.timer)
    state.timer = 0
    play.replaceChildren(icon("play"))
    play.setAttribute("aria-label", "Play")
    play.title = "Play"
  }
  const tick = () => {
    if (!root.isConnected || state.step === count - 1) {
      stop()
      return showStep(state.step)
    }
    showStep(state.step + 1)
    state.timer = setTimeout(tick, pace / state.speed)
  }
  const start = () => {
    if (count < 2) return
    state.timer = setTimeout(tick, pace / state.speed)
    play.replaceChildren(icon("pause"))
    play.setAttribute("aria-label", "Pause")
    play.title = "Pause"
    showStep(state.step === count - 1 ? 0 : state.step)
  }
  const toggle = () => {
    if (!isPlaying()) return start()
    stop()
    showStep(state.step)
  }
  const stopAt = (step) => {
    if (isPlaying()) stop()
    showStep(step)
  }

  const first = button("first", "To the start", () => stopAt(0))
  const back = button("back", "One step back", () => stopAt(state.step - 1))
  const play = button("play", "Play", toggle)
  const forward = button("forward", "One step forward", () => stopAt(state.step + 1))
  range.type = "range"
  range.min = 0
  range.max = count - 1
  range.setAttribute("aria-label", name)
  range.oninput = () => stopAt(Number(range.value))
  const speed = element("select", "speed")
  speed.setAttribute("aria-label", "Speed")
  for (const factor of [0.5, 1, 2, 4]) {
    const option = element("option", "", `${factor}×`)
    option.value = factor
    option.selected = factor === 1
    speed.append(option)
  }
  speed.onchange = () => (state.speed = Number(speed.value))
  bar.append(first, back, play, forward, range, position, speed)

  root.onkeydown = (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target === speed) return
    const moves = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: row, ArrowUp: -row, Home: -count, End: count }
    if (event.key === " " && event.target.tagName !== "BUTTON") {
      event.preventDefault()
      toggle()
    } else if (moves[event.key]) {
      event.preventDefault()
      stopAt(state.step + moves[event.key])
    }
  }
  return { bar, showStep, stopAt, stop, currentStep: () => state.step }
}

// One drawing per element of the page. It is redrawn when its data change, and left alone when only the page reran.
const drawings = new WeakMap()

const drawOnChange = (root, data, draw) => {
  const dataJson = JSON.stringify(data)
  const previous = drawings.get(root)
  if (previous?.dataJson !== dataJson) {
    previous?.steps?.stop()
    const hadFocus = root.contains(root.getRootNode().activeElement)
    drawings.set(root, { dataJson, steps: draw(root, data, previous?.steps?.currentStep() ?? 0) })
    if (hadFocus) root.querySelector("[tabindex='0']")?.focus({ preventScroll: true })
  }
  return () => drawings.get(root)?.steps?.stop()
}
