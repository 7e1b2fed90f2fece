// What a teacher would say: a card for each remark, with a button where one click applies the mend.

// A page of the app is opened by the app's own navigation, so that the session goes on; any other address opens in a new
// tab.
const adviceLink = ({ link_text: text, link_url: url }) => {
  const link = element("a", "more", text)
  link.href = url
  if (url.startsWith("https://")) {
    link.target = "_blank"
    link.rel = "noopener noreferrer"
    return link
  }
  link.onclick = (event) => {
    const page = [...document.querySelectorAll("a[href]")].find(({ pathname }) => pathname.endsWith(`/${url}`))
    if (!page) return
    event.preventDefault()
    page.click()
  }
  return link
}

const MAX_PLACES = 8 // buttons of one card; its text says how many more there are

const adviceCard = (canvas, remark, index) => {
  const node = element("article", "card")
  node.classList.toggle("step", remark.is_step)
  node.tabIndex = -1 // the mark on its layer moves the focus here
  node.dataset.paths = remark.paths.map((path) => path.join(".")).join(" ")
  const title = element("h4", "", remark.title)
  const places = remark.paths.slice(0, MAX_PLACES).map((path, place) => {
    const number = remark.numbers[place]
    const select = (event) => canvas.select(path, event)
    return button("select-layer", place ? number : `Layer ${number}`, `Select layer ${number}`, select)
  })
  title.prepend(...places)
  const text = element("p", "", `${remark.text} `)
  text.append(adviceLink(remark))
  node.append(title, text)
  if (remark.mend) {
    const apply = button("apply", remark.mend, "", () => canvas.applyMend("advice", index, remark.paths[0]))
    apply.dataset.remark = `${index} ${node.dataset.paths}` // its handler holds both: with others, it is another button
    node.append(apply)
  }
  return node
}

// What the button beside the tools says, which leads to the cards; empty, and so hidden, where there are none.
const adviceCount = ({ length }) => (length ? `${length} ${length === 1 ? "remark" : "remarks"} from a teacher ↓` : "")

const drawAdvice = (canvas) => {
  const { advice, fits } = canvas.state
  const cardsOf = (isStep) => {
    const cards = element("div", "cards")
    advice.forEach((remark, index) => remark.is_step === isStep && cards.append(adviceCard(canvas, remark, index)))
    return cards
  }
  const [faults, steps] = [cardsOf(false), cardsOf(true)]
  const emptyText = fits
    ? "No fault in the order and sizes of the layers. Only training shows how well the net learns."
    : "Remarks on the net appear here as soon as it has layers that fit."
  const remarks = faults.childElementCount ? faults : element("p", "muted", emptyText)
  const next = steps.childElementCount ? [element("h3", "", "Next steps to try"), steps] : []
  return [element("h3", "", "What a teacher would say"), remarks, ...next]
}
