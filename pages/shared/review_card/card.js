// The card itself: keys, buttons, timers, and the talk with the server.

const RESEND_MS = 1500
const GATHER_MS = 300
const LOST_MS = 5000
const MASK_ALL = "moderato.mask-all"

class Card {
  constructor(root, data) {
    this.root = root
    speak(data)
    sayAll(root)
    this.desk = deskOf(data)
    this.preferences = data.preferences || {}
    this.sitting = this.desk.sitting
    this.focus = this.counts = this.origins = this.colleagues = this.asked = null
    this.scriptTitles = {}
    this.isNew = true
    this.used = new Set() // acts so far: hints go by them
    this.resting = null // the name of the break that is on
    this.seen = null // what the reader has seen, as the server counts it
    bindKeys(this.preferences.keys)
    this.view = new View(root, data.labels, this)
    this.settings = {
      maskAll: localStorage.getItem(this.maskAllKey) === "1", near: localStorage.getItem(NEAR_OPEN) === "1",
      guided: localStorage.getItem(GUIDED) === "1", elsewhere: null, loaded: false,
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

  get maskAllKey() {
    return this.desk.name ? `${MASK_ALL}.${this.desk.name}` : MASK_ALL
  }

  listen(target, kind, handler) {
    target.addEventListener(kind, handler, { passive: kind === "wheel" || kind === "pointermove" })
    this.listeners.push([target, kind, handler])
  }

  end() {
    if (this.desk.item) pause(this.desk.item)
    clearInterval(this.timer)
    for (const [target, kind, handler] of this.listeners) target.removeEventListener(kind, handler)
  }

  focusDesk() {
    const active = document.activeElement
    if (!active || active === document.body || active.tagName === "A") this.root.querySelector(".card").focus({ preventScroll: true })
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
    const before = item
    this.acts()[name](item, argument)
    this.used.add(name)
    if (name === "rest") return // a break draws itself
    if (this.desk.item !== before) this.turned()
    else this.redraw()
  }

  acts() {
    const desk = this.desk
    return {
      label: (item, index) => toggle(item.choice.labels, index),
      flip: (item) => (item.choice.outcome = desk.outcome(item) === "remove" ? "approve" : "remove"),
      submit: (item) => this.decide("decide", desk.outcome(item)),
      none: (item) => {
        item.choice.labels = []
        item.choice.outcome = null
        this.decide("decide", "approve")
      },
      escalate: () => this.decide("decide", "escalate"),
      identical: (item) => !item.blind && item.identical > 1 && this.decide("identical", desk.outcome(item)),
      ask: (item) => openAsking(item, this),
      send: (item) => sendWords(item, this),
      keep: (item) => keepWords(item, this),
      told: (_item, id) => {
        desk.read.add(id)
        desk.news = desk.news.filter((one) => one.id !== id)
        desk.record({ kind: "told", questions: [id] })
        this.sent.dirty = true
      },
      skip: () => this.close("skip", t("Skipped.")),
      hold: () => this.close("hold", t("Held for a day.")),
      undo: () => {
        const item = desk.undo()
        this.tell(item ? t("Undone.") : t("Undoing the step before."))
      },
      resume: () => {
        desk.resume()
        this.tell(t("A held comment is back."))
      },
      reveal: (item) => {
        if (!revealAround(item, this)) item.choice.step = nextStep(item, this.settings)
      },
      rest: () => (this.resting ? endBreak(this) : beginBreak(this)),
      later: () => sayLater(desk),
      unfold: (item) => (item.choice.unfolded = true),
      mask: () => {
        this.settings.maskAll = !this.settings.maskAll
        localStorage.setItem(this.maskAllKey, this.settings.maskAll ? "1" : "0")
      },
      context: (item) => {
        item.choice.context = !item.choice.context
        item.aroundTrouble = null
        this.sent.dirty = true // what it shows is asked for
      },
      more: (item, part) => askMore(item, AROUND_PARTS[part], this),
      unveil: (item, id) => unveil(item, id, this),
      open: () => openOriginal(this),
      raid: (item) => item.raid && this.trigger("raid", item.raid[1]),
      near: () => unfoldNear(this),
      shownear: (item, index) => revealNear(item, index, this),
      guidelines: () => toggleGuides(this),
      guide: (_item, index) => openGuide(this, index),
      note: (item) => this.openNote(item),
      focus: () => openFocus(this),
      widen: () => widen(this),
      work: () => this.chooseFocus(readFocus(this.view.q("dialog.focus"))),
      everything: () => this.chooseFocus({ own: ANY, beyond: this.focus.beyond }),
      hand: (item) => openHand(this, item),
      handheld: (_item, index) => openHand(this, desk.held[index]),
      give: () => giveAway(this),
      giveback: () => giveBack(this),
      held: () => openHeld(this),
      take: (_item, index) => this.takeUp(desk.held[index]),
      leave: () => this.root.querySelector("dialog[open]").close(),
      sitting: () => this.sitting.again(),
      help: () => this.toggleHelp(),
      dismiss: (_item, index) => desk.problems.splice(index || 0, 1),
    }
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
    this.view.q("dialog.held").close()
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
    this.root.querySelector(".card").focus({ preventScroll: true })
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

  // -- the server -------------------------------------------------------------------------------------------------

  isLost() {
    const asked = this.sent.id !== null && performance.now() - Math.max(this.heardAt, this.sent.first || 0) > LOST_MS
    return asked
  }

  send(again = false) {
    const now = performance.now()
    if (!again && this.sent.id !== null && now - this.sent.at < GATHER_MS) return // one report at a time; the rest follows its answer
    const beat = {
      kind: "beat", id: crypto.randomUUID(), speaks: SPOKEN, have: this.desk.have(), bare: this.desk.bare(), awake: this.isAwake(),
      revealed: [...this.desk.reveals].slice(0, 500), away: this.resting || undefined,
      near: nearWanted(this), guidelines: this.guidelines ? this.guidelines.stamp : null,
      asks: contextAsks(this.desk.item),
      asked: this.asked, screen: this.desk.screen(), leaving: document.hidden,
    }
    this.asked = null
    this.screen = JSON.stringify(beat.screen)
    nearAsked(this, beat.near)
    for (const item of this.desk.queue) if (beat.bare.includes(item.id)) item.asked += 1
    if (this.sent.id === null) this.sent.first = now
    this.sent = { at: now, id: beat.id, dirty: false, first: this.sent.first, revealed: beat.revealed }
    this.emit("log", [...this.desk.pending, beat])
  }

  hear(data) {
    if (speak(data)) sayAll(this.root) // after a while without words, or in another language
    this.claimSeconds = data.claim_seconds
    if (this.desk.seesOtherwise(data.preferences)) this.desk.forget()
    if (this.resting) data = { ...data, items: [], order: [], elsewhere: null } // what was on its way when it began
    this.preferences = data.preferences || {}
    this.seen = data.seen || null
    this.mayAnswer = Boolean(data.mayAnswer)
    if (bindKeys(this.preferences.keys)) this.view.drawKeys()
    this.root.querySelector(".card").dataset.hand = (this.preferences.keys || {}).hand || ""
    this.holdSeconds = data.hold_seconds
    this.hearControl(data)
    this.counts = data.counts
    this.myQuestions = data.myQuestions
    this.settings.elsewhere = data.elsewhere
    this.settings.loaded = true
    drawCoach(this, data)
    this.settings.trouble = data.trouble || null
    this.heardAt = performance.now()
    const answered = data.beat !== null && data.beat === this.sent.id
    const before = this.desk.item
    const spansBefore = before && before.spans
    const nearBefore = before && before.near
    const gone = this.desk.hear(data)
    takeNear(this, data.near)
    takeGuides(this, data.guidelines)
    const around = [contextsTold(this.desk, data.contexts), raidsTold(this.desk, data.raids)].some(Boolean)
    if (gone) this.desk.problems.push(t("Comment {number} is not yours any more: your claim lapsed and somebody else took it, or it was settled.", { number: gone.id }))
    if (answered) {
      this.sent.id = null
      for (const id of this.sent.revealed || []) this.desk.reveals.delete(id)
    }
    if (this.desk.item !== before || this.isNew) this.turned()
    else if (before && (before.spans !== spansBefore || before.near !== nearBefore || around)) this.redraw()
    else this.refresh()
    if (this.sent.dirty || this.desk.lacking || (data.more && data.answers.length) || (this.desk.pending.length && (answered || this.isNew))) this.send()
    this.isNew = false
  }

  hearControl(data) {
    const choosing = this.desk.pending.some((step) => step.kind === "focus")
    if (data.focus && !choosing) this.focus = data.focus
    Object.assign(this.scriptTitles, data.focus ? data.focus.scripts : {})
    const { origins, colleagues } = data.asked || {}
    originsTold(this, origins)
    if (!colleagues) return
    this.colleagues = colleagues
    if (this.view.q("dialog.hand").open) drawHand(this)
  }

  // What may have changed beside the comment on the screen.
  refresh() {
    this.view.drawProblems(this.desk)
    this.view.drawHeld(this.desk)
    if (!this.desk.item) this.view.draw(this.desk, this.settings)
    this.counted()
  }

  isAwake() {
    return !document.hidden && performance.now() - this.inputAt < (this.claimSeconds || 120) * 1000
  }

  stirred() {
    const slept = !this.isAwake()
    this.inputAt = performance.now()
    if (slept && this.isAwake()) this.send(true)
  }

  visible() {
    if (this.resting) return
    const item = this.desk.item
    if (item) document.hidden ? pause(item) : resumeTime(item)
    if (document.hidden) this.send(true) // where it stopped, for another device
    if (!document.hidden) {
      this.inputAt = performance.now()
      this.send(true)
    }
  }

  tick() {
    const now = performance.now()
    const quiet = now - this.sent.at
    const claim = (this.claimSeconds || 120) * 1000
    const short = this.desk.queue.length < 4
    const lacking = this.desk.bare().length > 0 || nearWanted(this).length > 0 || contextAsks(this.desk.item).length > 0
    const touched = this.desk.item && this.screen !== undefined && this.screen !== JSON.stringify(this.desk.screen())
    const due = this.desk.pending.length || this.sent.dirty ? RESEND_MS : lacking ? 400 : short ? 2000 : Math.min(touched ? 4000 : 15000, claim / 6)
    const calm = this.resting && !this.desk.pending.length && this.sent.id === null
    const tries = !calm && (this.desk.pending.length || this.isAwake() || (short && !document.hidden))
    if (this.claimSeconds && tries && quiet > due) this.send(true)
    this.view.drawSaved(this.desk, this.isLost(), this.settings.trouble)
    this.view.drawSuggestion(suggestion(this))
    if ((this.preferences.goal || {}).minutes) drawGoal(this)
    const item = this.desk.item
    this.view.drawLease(item, item ? (item.until - now) / 1000 : 0, claim / 2000)
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
