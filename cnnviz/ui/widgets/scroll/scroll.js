// Scrolls to the top of a container as soon as there is something new to look at in it, unless its top is in sight.

const HEADER_PIXELS = 60
let shownSubject = ""

export default function ({ data }) {
  if (!data || data.subject === shownSubject) return
  shownSubject = data.subject
  const container = data.subject && document.querySelector(`.st-key-${data.container}`)
  if (!container) return
  const { top } = container.getBoundingClientRect()
  if (top < HEADER_PIXELS || top > innerHeight / 2) container.scrollIntoView({ block: "start" })
}
