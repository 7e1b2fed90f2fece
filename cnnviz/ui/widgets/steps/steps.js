// Number fields are text fields that Python reads. This adds arrow keys and two buttons, as a browser's own number fields have.
// The step of a field is part of the class of its container, in thousandths: st-key-step-50-….

const FIELDS = "[class*='st-key-step-'] input"
const NUMBER = /^[+-]?(\d+([.,]\d*)?|[.,]\d+)(e[+-]?\d{1,4})?$/i
const GROUPED = /^[+-]?[1-9]\d{0,2}[.,]\d{3}$/ // 1,000 may be a thousand: Python refuses it and says so
const setValue = Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value").set

const stepOf = (input) => {
  const [, thousandths] = input.closest("[class*='st-key-step-']").className.match(/st-key-step-(\d+)-/)
  return Number(thousandths) / 1000
}

// Returns the number in a field; null if the text is not a number, or could mean two.
const readNumber = (input) => {
  const text = input.value.trim().replace("−", "-")
  const isAmbiguous = GROUPED.test(text) && (text.includes(",") || Number.isInteger(stepOf(input)))
  return NUMBER.test(text) && !isAmbiguous ? Number(text.replace(",", ".")) : null
}

const changeByStep = (input, direction) => {
  const value = readNumber(input)
  if (value === null || input.disabled) return
  setValue.call(input, String(Number((value + direction * stepOf(input)).toPrecision(12))))
  input.dispatchEvent(new Event("input", { bubbles: true }))
  // after React, which reads the new value as soon as this event is over
  queueMicrotask(() => input.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", bubbles: true, cancelable: true })))
}

const button = (input, label, sign, direction) => {
  const node = document.createElement("button")
  node.type = "button"
  node.tabIndex = -1 // the arrow keys do the same
  node.textContent = sign
  node.setAttribute("aria-label", `${label} ${input.getAttribute("aria-label")}`)
  node.onmousedown = (event) => event.preventDefault() // keeps the focus and the typed text
  node.onclick = () => changeByStep(input, direction)
  return node
}

const addStepButtons = () => {
  for (const input of document.querySelectorAll(`${FIELDS}:not([role='spinbutton'])`)) {
    input.setAttribute("role", "spinbutton")
    const buttons = document.createElement("div")
    buttons.className = "step-buttons"
    buttons.append(button(input, "Decrease", "−", -1), button(input, "Increase", "+", 1))
    input.parentElement.append(buttons)
  }
}

const onKeyDown = (event) => {
  const direction = { ArrowUp: 1, ArrowDown: -1 }[event.key]
  if (!direction || !event.target.matches?.(FIELDS) || event.altKey || event.ctrlKey || event.metaKey) return
  event.preventDefault()
  changeByStep(event.target, direction)
}

export default function () {
  const observer = new MutationObserver(addStepButtons)
  observer.observe(document.body, { childList: true, subtree: true })
  document.addEventListener("keydown", onKeyDown)
  addStepButtons()
  return () => {
    observer.disconnect()
    document.removeEventListener("keydown", onKeyDown)
  }
}
