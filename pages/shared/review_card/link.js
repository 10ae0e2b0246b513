// The talk with the server: one report at a time, sent again until it is answered.

const RESEND_MS = 1500
const GATHER_MS = 300
const LOST_MS = 5000

// What a card needs for it; the card itself (card.js) adds what people do.
class Link {
  isLost() {
    return this.sent.id !== null && performance.now() - Math.max(this.heardAt, this.sent.first || 0) > LOST_MS
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
    this.screen = JSON.stringify(beat.screen)
    nearAsked(this, beat.near)
    for (const item of this.desk.queue) if (beat.bare.includes(item.id)) item.asked += 1
    if (this.sent.id === null) this.sent.first = now
    this.sent = { at: now, id: beat.id, dirty: false, first: this.sent.first, revealed: beat.revealed }
    this.emit("log", [...this.desk.pending, beat])
  }

  hear(data) {
    const spoken = speak(data) // after a while without words, or in another language
    if (spoken) this.sayWords()
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
    else if (before && (before.spans !== spansBefore || before.near !== nearBefore || around || spoken)) this.redraw()
    else this.refresh()
    if (this.sent.dirty || this.desk.lacking || (data.more && data.answers.length) || (this.desk.pending.length && (answered || this.isNew))) this.send()
    this.isNew = false
  }

  hearControl(data) {
    const choosing = this.desk.pending.some((step) => step.kind === "focus")
    if (data.focus && !choosing) this.focus = data.focus
    Object.assign(this.scriptTitles, data.focus ? data.focus.scripts : {})
    const { origins, colleagues } = data.asked || {}
    if ((origins && this.asked === "focus") || (colleagues && this.asked === "hand")) this.asked = null
    originsTold(this, origins)
    if (!colleagues) return
    this.colleagues = colleagues
    if (this.view.q("dialog.hand").open) drawHand(this)
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
