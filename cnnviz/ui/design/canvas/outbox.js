// Actions on their way to the server. All that are not acknowledged are sent again, with the next one or after a while:
// of two messages at the same moment, or of one that arrives while the page is just being drawn, Streamlit may keep none.

const RESEND_MS = 800

class Outbox {
  constructor(acknowledgedSeq) {
    this.lastSeq = acknowledgedSeq
    this.pending = []
    this.send = () => {} // replaced as soon as there is a way to the server
  }

  add(action) {
    this.pending.push({ ...action, seq: ++this.lastSeq })
    this.flush()
  }

  flush() {
    this.send(this.pending)
    this.scheduleFlush(RESEND_MS)
  }

  // Drops what the server has answered. The rest is sent after a while, or at once when the way to the server is new.
  acknowledge(seq, sendAtOnce = false) {
    this.pending = this.pending.filter((action) => action.seq > seq)
    clearTimeout(this.timer)
    if (this.pending.length) this.scheduleFlush(sendAtOnce ? 0 : RESEND_MS)
  }

  scheduleFlush(delay) {
    clearTimeout(this.timer)
    this.timer = setTimeout(() => this.flush(), delay)
  }
}
