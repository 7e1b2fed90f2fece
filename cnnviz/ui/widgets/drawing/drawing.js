// An area to draw in. After each stroke Python gets where ink is: 128 x 128 bits by rows, in hexadecimal.

const SIDE = 128
const PEN_WIDTH = 22 // of 256: about what the strokes of the digits have

const readInk = (canvas) => {
  const small = document.createElement("canvas")
  small.width = small.height = SIDE
  const context = small.getContext("2d")
  context.drawImage(canvas, 0, 0, SIDE, SIDE)
  const values = context.getImageData(0, 0, SIDE, SIDE).data
  let text = ""
  for (let at = 0; at < SIDE * SIDE; at += 4) {
    let digit = 0
    for (let bit = 0; bit < 4; bit++) digit = digit * 2 + (values[4 * (at + bit) + 3] > 127 ? 1 : 0)
    text += digit.toString(16)
  }
  return text
}

export default function ({ parentElement, setStateValue }) {
  const canvas = parentElement.querySelector("canvas")
  if (canvas.isReady) return
  canvas.isReady = true
  const context = canvas.getContext("2d")
  Object.assign(context, { lineWidth: PEN_WIDTH, lineCap: "round", lineJoin: "round", strokeStyle: "#000" })
  let last = null
  const place = (event) => {
    const box = canvas.getBoundingClientRect()
    const scale = canvas.width / box.width
    return [(event.clientX - box.left) * scale, (event.clientY - box.top) * scale]
  }
  const lineTo = (point) => {
    context.beginPath()
    context.moveTo(...last)
    context.lineTo(...point)
    context.stroke()
    last = point
  }
  canvas.onpointerdown = (event) => {
    canvas.setPointerCapture(event.pointerId)
    last = place(event)
    lineTo(last)
  }
  canvas.onpointermove = (event) => last && lineTo(place(event))
  canvas.onpointerup = canvas.onpointercancel = () => {
    if (!last) return
    last = null
    setStateValue("ink", readInk(canvas))
  }
  parentElement.querySelector(".clear").onclick = () => {
    context.clearRect(0, 0, canvas.width, canvas.height)
    setStateValue("ink", "")
  }
}
