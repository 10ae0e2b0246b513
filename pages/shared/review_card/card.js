// The card itself: keys, buttons, and what is drawn when.

const MASK_ALL = "moderato.mask-all"

class Card extends Link {
  constructor(root, data) {
    super()
    this.root = root
    this.place = root.querySelector(".card")
    this.blank = this.place.cloneNode(true)
    this.words = wordsOf(root)
    speak(data)
    this.sayWords()
    this.desk = deskOf(data)
    this.preferences = data.preferences || {}
    this.sitting = this.desk.sitting
    this.focus = this.counts = this.origins = this.colleagues = null
    this.asked = null // what a dialog wants to know, until the server has said it
    this.handing = null
    this.scriptTitles = {}
    this.isNew = true
    this.used = new Set() // acts so far: hints go by them
    this.resting = null // the name of the break that is on
    this.seen = null // what the reader has seen, as the server counts it
    bindKeys(this.preferences.keys)
    this.view = new View(root, data.labels, this)
    this.doings = doingsOf(this)
    const { person } = this.desk
    this.settings = {
      maskAll: remembered(this.maskAllName, person), near: remembered(NEAR_OPEN, person),
      guided: remembered(GUIDED, person), elsewhere: null, loaded: false,
    }
    this.sent = { at: -1e9, id: null, dirty: false }
    this.heardAt = this.inputAt = performance.now()
    this.listeners = []
    this.listen(document, "keydown", (event) => this.key(event))
    this.listen(root, "click", (event) => this.click(event))
    this.listen(document, "visibilitychange", () => this.visible())
    for (const kind of ["keydown", "pointerdown", "pointermove", "wheel"]) this.listen(document, kind, () => this.stirred())
    makeGuides(this)
    this.timer = setInterval(() => this.tick(), 250)
    this.focusDesk()
  }

  get maskAllName() {
    return this.desk.name ? `${MASK_ALL}.${this.desk.name}` : MASK_ALL
  }

  listen(target, kind, handler) {
    target.addEventListener(kind, handler, { passive: kind === "wheel" || kind === "pointermove" })
    this.listeners.push([target, kind, handler])
  }

  end() {
    if (this.ended) return
    this.ended = true
    if (this.desk.item) pause(this.desk.item)
    clearInterval(this.timer)
    clearTimeout(this.hinting)
    for (const [target, kind, handler] of this.listeners) target.removeEventListener(kind, handler)
    this.place.replaceWith(this.blank) // nothing that was drawn or typed is left for who comes next
  }

  sayWords() {
    for (const say of this.words) say()
    if (this.view) this.view.drawKeys()
  }

  focusDesk() {
    const active = document.activeElement
    if (!active || active === document.body || active.tagName === "A") this.place.focus({ preventScroll: true })
  }

  // -- acts -------------------------------------------------------------------------------------------------------

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return
    if (endsBreak(this, event)) return
    const target = event.composedPath()[0]
    if (target === this.view.q(".noteinput")) return this.noteKey(event)
    if (target === this.view.q(".askinput")) return askingKey(event, this)
    if (target.isContentEditable || ["INPUT", "TEXTAREA", "SELECT"].includes(target.tagName)) return
    const asked = actOf(keyOfEvent(event))
    const dialog = this.root.querySelector("dialog[open]")
    if (!asked || (dialog && !dialog.classList.contains(asked.act))) return
    const pressing = ["Enter", " "].includes(event.key) && ["BUTTON", "A", "SUMMARY"].includes(target.tagName)
    if (pressing && !event.repeat) return // the focused button's own key
    event.preventDefault()
    if (!event.repeat) this.act(asked.act, asked.label)
  }

  click(event) {
    const button = event.composedPath().find((place) => place.tagName === "BUTTON")
    if (!button) return
    if (event.detail > 0) button.blur() // after the mouse, Enter means submit again
    if (button.dataset.label !== undefined) this.act("label", Number(button.dataset.label))
    else if (button.dataset.act) this.act(button.dataset.act, Number(button.dataset.index || 0))
  }

  act(name, argument) {
    const item = this.desk.item
    if (ON_SCREEN.has(name) && !(item && item.painted)) return // nobody can have meant what was not shown yet
    if (this.desk.name && NOT_PRACTISED.has(name)) return
    if (item) this.keepTyped(item.choice)
    this.doings[name](item, argument)
    this.used.add(name)
    if (name === "rest") return // a break draws itself
    if (this.desk.item !== item) return this.turned()
    this.redraw()
    if (this.said) this.view.say(this.said)
    this.said = ""
  }

  // What stands in an open field stays with the comment, whatever is pressed beside it.
  keepTyped(choice) {
    const [note, words] = [this.view.q(".noteinput"), this.view.q(".askinput")]
    if (!note.hidden) choice.note = note.value.trim()
    if (!this.view.q(".askform").hidden) choice.words = words.value
  }

  // Ask the server for what a dialog offers, with the next report.
  ask(what) {
    this.asked = what
    this.send(true)
  }

  chooseFocus(focus) {
    const item = this.desk.item
    this.desk.record({ kind: "focus", focus, comment: item ? item.id : null })
    this.focus = { ...this.focus, ...focus }
    this.view.q("dialog.focus").close()
    this.tell(t("What you work on has changed."))
  }

  takeUp(item) {
    this.desk.takeUp(item)
    this.tell(t("A held comment is back."))
  }

  decide(kind, outcome) {
    const item = this.desk.item
    this.desk.decide(kind, outcome)
    this.tell(kind === "identical" ? t("All {many} {done}.", { many: item.identical, done: t(DONE_NAMES[outcome]) }) : t("{done}.", { done: t(DONE_NAMES[outcome]) }))
  }

  close(kind, words) {
    this.desk.close(kind, {})
    this.tell(words)
  }

  tell(words) {
    this.sent.dirty = true
    this.said = words
  }

  openNote(item) {
    const input = this.view.q(".noteinput")
    input.value = item.choice.note
    input.hidden = false
    input.focus()
  }

  noteKey(event) {
    if (event.key !== "Enter" && event.key !== "Escape") return
    event.preventDefault()
    event.stopPropagation()
    const item = this.desk.item
    if (event.key === "Enter" && item) item.choice.note = this.view.q(".noteinput").value.trim()
    this.closeNote()
    this.redraw()
  }

  closeNote() {
    const input = this.view.q(".noteinput")
    if (input.hidden) return
    input.hidden = true
    this.place.focus({ preventScroll: true })
  }

  toggleHelp() {
    const help = this.view.q(".help")
    if (help.open) help.close()
    else help.showModal()
  }

  // -- drawing ----------------------------------------------------------------------------------------------------

  turned() {
    this.closeNote()
    leaveAsking(this, false)
    const item = this.desk.item
    if (item) {
      item.painted = false
      resumeTime(item)
      requestAnimationFrame(() => setTimeout(() => (item.painted = true), 0))
    }
    this.redraw()
    this.view.say(`${this.said || ""} ${item ? t("Next comment: {lane}.", { lane: t(LANE_NAMES[item.lane]) }) : ""}`.trim())
    this.said = ""
    if (this.sent.dirty) this.send()
  }

  redraw() {
    this.view.draw(this.desk, this.settings)
    this.noteShown()
    this.view.drawProblems(this.desk)
    this.view.button("mask").setAttribute("aria-pressed", String(this.settings.maskAll))
    drawHint(this)
    this.counted()
    if (this.sent.dirty) this.send()
  }

  // A severe text that is shown, in part or whole, is noted: by V, or because its reader has it open from the start.
  noteShown() {
    const item = this.desk.item
    if (!item || !item.masked || item.noted || maskNow(item, this.settings) === "whole") return
    item.noted = true
    this.desk.reveals.add(item.id)
  }

  counted() {
    if (this.counts) this.view.drawCounts(this.desk, this.counts, this.seen)
    this.view.drawSuggestion(suggestion(this))
    drawAsked(this.view.q(".mine"), this.myQuestions)
    drawFocus(this)
    drawGoal(this)
    this.view.drawSaved(this.desk, this.isLost(), this.settings.trouble)
  }

  // What may have changed beside the comment on the screen.
  refresh() {
    this.view.drawProblems(this.desk)
    this.view.drawHeld(this.desk)
    if (!this.desk.item) this.view.draw(this.desk, this.settings)
    this.counted()
  }
}

function toggle(labels, index) {
  const at = labels.indexOf(index)
  if (at < 0) labels.push(index)
  else labels.splice(at, 1)
}

const cards = new WeakMap()

export default function ({ data, parentElement, setStateValue, setTriggerValue }) {
  let card = cards.get(parentElement)
  if (card && card.desk.person !== data.person) {
    card.end()
    card = null
  }
  if (!card) {
    card = new Card(parentElement, data)
    cards.set(parentElement, card)
  }
  card.emit = setStateValue
  card.trigger = setTriggerValue
  card.hear(data)
  return () => {
    card.end()
    cards.delete(parentElement)
  }
}
