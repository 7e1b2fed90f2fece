// Streamlit's dialog about a lost connection tells whoever reads it to start "yourscript.py". Here it says what is safe.
// Its own text is hidden, not changed: React goes on working on it.

const STREAMLITS_TITLE = "Connection error"

const explanation = ({ title, sentences }) => {
  const node = document.createElement("div")
  node.className = "connection-explanation"
  const heading = document.createElement("h2")
  heading.textContent = title
  node.append(
    heading,
    ...sentences.map((sentence) => {
      const paragraph = document.createElement("p")
      paragraph.textContent = sentence
      return paragraph
    }),
  )
  return node
}

// On a server for a class the page is refused once its login has ended: loaded again, it leads to the door.
const reloadWhereRefused = async () => {
  const response = await fetch(location.pathname).catch(() => null)
  if (response?.status === 403) location.reload()
}

export default function ({ data }) {
  if (!data) return
  const explain = () => {
    for (const dialog of document.querySelectorAll("[role='dialog']:not([data-explained])")) {
      const heading = dialog.querySelector("h2")
      if (heading?.textContent !== STREAMLITS_TITLE) continue
      dialog.dataset.explained = ""
      dialog.append(explanation(data))
      reloadWhereRefused()
    }
  }
  const observer = new MutationObserver(explain)
  observer.observe(document.body, { childList: true, subtree: true })
  return () => observer.disconnect()
}
