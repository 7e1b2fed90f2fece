// Copying a text. The clipboard API exists on secure pages only, and a class reaches its server by plain http.

const copyText = async (text, root) => {
  const textArea = element("textarea")
  textArea.value = text
  root.append(textArea)
  textArea.select()
  const writePromise = navigator.clipboard?.writeText(text).then(() => true, () => false)
  const isCopied = (await (writePromise ?? false)) || document.execCommand("copy")
  textArea.remove()
  return isCopied
}

const COPY_LABEL = "Copy table as Markdown"
const COPY_LABEL_MS = 1500

const copyTable = async (copyButton, markdown, root) => {
  const isCopied = await copyText(markdown, root)
  copyButton.textContent = isCopied ? "Copied" : "The browser refused to copy"
  setTimeout(() => (copyButton.textContent = COPY_LABEL), COPY_LABEL_MS)
}
