// Scrolls to the top of a container as soon as there is something new to look at in it, unless its top is in sight.

const HEADER_PIXELS = 50
const SETTLING_MS = 2000 // while the page is drawn, the browser moves what is in sight as content above it comes and goes
const USER_EVENTS = ["wheel", "touchstart", "pointerdown", "keydown"]
let shownSubject = ""

const bringIntoSight = (name) => {
  const container = document.querySelector(`.st-key-${name}`)
  const top = container?.getBoundingClientRect().top ?? HEADER_PIXELS
  if (top < HEADER_PIXELS || top > innerHeight / 2) container.scrollIntoView({ block: "start" })
}

export default function ({ data }) {
  if (!data || data.subject === shownSubject) return
  shownSubject = data.subject
  if (!data.subject) return
  const end = performance.now() + SETTLING_MS
  const stop = new AbortController() // the student's own scrolling wins
  for (const name of USER_EVENTS) addEventListener(name, () => stop.abort(), { signal: stop.signal, passive: true })
  const settle = () => {
    if (stop.signal.aborted || data.subject !== shownSubject) return
    bringIntoSight(data.container)
    if (performance.now() < end) requestAnimationFrame(settle)
    else stop.abort()
  }
  settle()
}
