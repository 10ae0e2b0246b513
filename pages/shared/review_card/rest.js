// Breaks: suggested, never enforced, reported to nobody. During one the card shows no comment and holds none.

const SUGGEST_AGAIN_MS = 20 * 60 * 1000 // after "not now"

const LATER = "moderato.later" // kept in the tab: a reload must not ask again what was just answered

function sayLater(desk) {
  desk.laterAt = performance.now()
  try {
    sessionStorage.setItem(LATER, String(Date.now()))
  } catch {
    // a full or forbidden store: it holds until the next reload
  }
}

function saidLaterAt() {
  const at = Number(sessionStorage.getItem(LATER))
  return at ? performance.now() - Math.max(0, Date.now() - at) : -1e12
}

function beginBreak(card) {
  card.desk.forget()
  card.resting = crypto.randomUUID() // tells the server one break from the next
  card.desk.restedAt = performance.now()
  card.closeNote()
  leaveAsking(card, false)
  card.view.drawBreak(true)
  card.send(true)
}

function endBreak(card) {
  card.resting = null
  card.settings.loaded = false
  card.desk.restedAt = card.inputAt = performance.now()
  card.view.drawBreak(false)
  card.redraw()
  card.send(true)
  card.focusDesk()
}

// Whether the key press was the one that ends a break. Modifiers alone end nothing: they begin a screenshot, say.
function endsBreak(card, event) {
  if (!card.resting) return false
  if (["Shift", "Control", "Alt", "Meta", "AltGraph"].includes(event.key) || event.repeat) return true
  event.preventDefault()
  endBreak(card)
  return true
}

// What is suggested now, in words; "" for nothing.
function suggestion(card) {
  const breaks = (card.preferences.see || {}).breaks
  if (!breaks || !card.seen || card.resting || !card.desk.item) return ""
  const { restedAt, laterAt } = card.desk
  const now = performance.now()
  if (now - restedAt < breaks.minutes * 60000 || now - laterAt < SUGGEST_AGAIN_MS) return ""
  if (card.seen.minutes >= breaks.minutes) {
    return tn("{many} minute without a pause. A short break?", "{many} minutes without a pause. A short break?", card.seen.minutes, { many: card.seen.minutes })
  }
  if (card.seen.severe >= breaks.severe) {
    return t("{many} severe comments within the hour. A short break?", { many: card.seen.severe })
  }
  return ""
}
