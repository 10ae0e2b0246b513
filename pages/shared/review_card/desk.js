// What lies on the desk: comments to decide, steps not yet confirmed, steps that can be undone. Draws nothing.

const RESERVED = "moderato.step."

const PARKED = "moderato.desk"

// The desk outlives the card: another page, or a connection that was lost and found, puts up a new one.
// A named desk (the practice's) is another one, with steps of its own: no step ever goes from one to the other.
function deskOf(data) {
  const place = Symbol.for(data.desk ? `${PARKED}.${data.desk}` : PARKED)
  const parked = window[place]
  if (parked && parked.person === data.person && parked.round === data.round) return parked
  return (window[place] = new Desk(data))
}

class Desk {
  constructor(data) {
    this.person = data.person
    this.name = data.desk || "" // "" is the queue's
    this.round = data.round // a practice that is begun again begins with an empty desk
    this.queue = [] // queue[0] is on the screen
    this.held = []
    this.history = [] // steps of this visit: {id, kind, item, choice}
    this.pending = [] // steps that the server has not confirmed, oldest first
    this.problems = [] // what the server refused, in words
    this.idle = new Set() // of those, what needs no answer: gone with the next step
    this.news = [] // what became of one's questions, until it was read
    this.read = new Set() // of those, what was read here
    this.reveals = new Set() // severe texts that were shown, until the server has heard of it
    this.fronts = [] // comments that an undo brings back from before this visit
    this.clock = 0
    this.severeRun = 0 // severe texts since the last mild one
    this.restedAt = -1e12 // when a break ended, on this browser's clock
    this.laterAt = saidLaterAt() // when "not now" was said, on the same
    this.resumed = null // where another device, or an earlier visit, stopped
    this.sitting = new Sitting(data.person)
    this.restore()
  }

  get item() {
    return this.queue[0] || null
  }

  // -- steps ------------------------------------------------------------------------------------------------------

  outcome(item) {
    return item.choice.outcome || (item.choice.labels.length ? "remove" : "approve")
  }

  decide(kind, outcome) {
    const item = this.item
    const { labels, note } = item.choice
    this.close(kind, { outcome, labels: [...labels].sort(), note: note || null, answer: item.choice.answer || null, seconds: seconds(item) })
  }

  close(kind, more) {
    const item = this.queue.shift()
    pause(item)
    if (item.scores) this.severeRun = item.masked ? this.severeRun + 1 : 0
    if (kind === "identical") this.queue = this.queue.filter((other) => !isCopy(other, item)) // settled with it
    const step = this.record({ kind, comment: item.id, ...more })
    this.history.push({ id: step.id, kind, item })
    if (kind === "hold") this.held.push(item)
  }

  undo() {
    const last = this.history.pop()
    if (!last) {
      this.record({ kind: "undo", target: null })
      return null
    }
    const settles = last.kind !== "skip" && last.kind !== "hold"
    this.record({ kind: "undo", of: last.kind, comment: last.item.id, target: settles ? last.id : null })
    this.put(last.item)
    return last.item
  }

  // A held comment.
  takeUp(item) {
    this.record({ kind: "resume", comment: item.id })
    this.put(item)
  }

  // To a colleague, who has it from now on. Not to be undone: it is theirs.
  give(item, to, note) {
    this.leave(item)
    this.record({ kind: "hand", comment: item.id, to, note })
  }

  giveBack(item) {
    if (item === this.item) return this.close("skip", {})
    this.leave(item)
    this.record({ kind: "skip", comment: item.id })
  }

  leave(item) {
    pause(item)
    this.queue = this.queue.filter((other) => other !== item)
    this.held = this.held.filter((other) => other !== item)
  }

  put(item) {
    this.held = this.held.filter((other) => other.id !== item.id)
    this.queue = [item, ...this.queue.filter((other) => other.id !== item.id)]
  }

  // Let go of everything that was fetched: what the reader chose to see has changed, or a break begins.
  forget() {
    if (this.item) pause(this.item)
    this.queue = []
    this.held = []
    this.history = []
  }

  // Whether the reader masks other texts than those here, or does not want some of them any more today.
  seesOtherwise(preferences) {
    const see = (preferences || {}).see || {}
    const [masks, unwanted] = [JSON.stringify(see.masks), see.notToday || []]
    const other = this.masks !== undefined && (this.masks !== masks || unwanted.some((label) => !this.unwanted.includes(label)))
    this.masks = masks
    this.unwanted = unwanted
    return other
  }

  // After so many severe texts in a row a mild one that is here comes next. Only flagged ones change places, behind
  // what is on the screen; everything else keeps its order.
  spread(after) {
    const isFree = (item, index) => index > 0 && item.lane === "flagged" && !item.blind && item.scores
    const places = this.queue.flatMap((item, index) => (isFree(item, index) ? [index] : []))
    const rest = places.map((index) => this.queue[index])
    let run = this.severeRun + (this.item && this.item.masked ? 1 : 0)
    if (this.item && this.item.scores && !this.item.masked) run = 0
    for (const index of places) {
      const mild = run >= after ? rest.findIndex((item) => !item.masked) : 0
      const [next] = rest.splice(Math.max(0, mild), 1)
      run = next.masked ? run + 1 : 0
      this.queue[index] = next
    }
  }

  record(step) {
    this.problems = this.problems.filter((words) => !this.idle.has(words))
    this.clock = Math.max(Date.now(), this.clock + 1)
    const made = { id: crypto.randomUUID(), by: this.person, at: this.clock, ...(this.name && { desk: this.name }), ...step }
    this.pending.push(made)
    if (!this.name) this.sitting.count(changeOf(made)) // the practice is no work towards a goal
    keep(this.prefix + made.id, JSON.stringify(made))
    return made
  }

  // -- what a reload must not lose --------------------------------------------------------------------------------

  get prefix() {
    return (this.name ? `moderato.${this.name}.` : RESERVED) + encodeURIComponent(this.person) + "."
  }

  restore() {
    for (const key of keptKeys(this.prefix)) {
      try {
        this.pending.push(JSON.parse(kept(key)))
      } catch {
        unkeep(key)
      }
    }
    this.pending.sort((one, other) => one.at - other.at)
  }

  // -- what the server says ---------------------------------------------------------------------------------------

  // Returns the comment that was taken from the screen, if one was.
  hear(data) {
    const before = this.item
    for (const answer of data.answers) this.confirm(answer)
    this.news = (data.news || []).filter((one) => !this.read.has(one.id))
    const told = new Map(data.order.map(([id, left, held]) => [id, { left, held }]))
    this.queue = this.queue.filter((item) => told.has(item.id) || this.lastStep(item.id))
    this.held = this.held.filter((item) => told.has(item.id) || this.lastStep(item.id))
    this.lacking = this.missing(data)
    const fresh = !this.queue.length && this.lacking // told only of what another desk lacked: the rest is asked for first
    for (const item of fresh ? [] : data.items) this.take(item, told.get(item.id))
    const after = ((data.preferences || {}).see || {}).mildAfter
    if (after) this.spread(after)
    if (!before) this.resumeFrom(data.resume)
    for (const id of this.fronts.splice(0)) this.queue.sort((one, other) => (other.id === id) - (one.id === id))
    for (const item of [...this.queue, ...this.held]) this.renew(item, told.get(item.id), data.spans[item.id])
    const gone = before && before !== this.item && !this.queue.includes(before) && !this.held.includes(before)
    return gone ? before : null
  }

  // What the last key could not do: gone with the next step, for nothing was lost.
  tellOnce(words) {
    if (!this.problems.includes(words)) this.problems.push(words)
    this.idle.add(words)
  }

  missing(data) {
    const here = new Set([...this.have(), ...data.items.map((item) => item.id)])
    return data.order.some(([id]) => !here.has(id) && !this.lastStep(id))
  }

  confirm(answer) {
    const step = this.pending.find((other) => other.id === answer.id)
    if (!step) return
    this.pending = this.pending.filter((other) => other !== step)
    unkeep(this.prefix + step.id)
    if (step.kind === "undo" && !step.comment && answer.ok) this.fronts.push(answer.comment)
    if (answer.ok && answer.tell) this.problems.push(answer.tell)
    if (answer.ok) return
    const undone = this.pending.some((other) => other.kind === "undo" && other.target === step.id)
    this.history = this.history.filter((other) => other.id !== step.id)
    if (step.kind === "undo" && !step.target && !step.comment) this.tellOnce(answer.message)
    else if (!(step.kind === "undo" && this.refused === step.target && step.target)) this.problems.push(answer.message)
    if (undone) this.refused = step.id
  }

  // Steps on the way count before what the server says: it has not seen them yet.
  lastStep(id) {
    return this.pending.findLast((step) => step.comment === id) || null
  }

  take(item, told) {
    const step = this.lastStep(item.id)
    if (!told || (step && !["undo", "resume"].includes(step.kind))) return
    if (this.queue.some((other) => other.id === item.id) || this.held.some((other) => other.id === item.id)) return
    if (this.isBeingSettled(item)) return
    item.choice = { labels: [...item.preset], outcome: null, note: "", step: null, unfolded: false, context: false }
    item.spent = 0
    item.since = null
    item.spans = null
    item.asked = 0 // how often its highlights were
    if (told.held && !step) this.held.push(item)
    else this.queue.splice(this.placeOf(item), 0, item)
  }

  // A copy that one step settles with others, which the server has not confirmed.
  isBeingSettled(item) {
    const onTheWay = new Set(this.pending.map((step) => step.id))
    return this.history.some((made) => made.kind === "identical" && onTheWay.has(made.id) && isCopy(item, made.item))
  }

  // Behind what is on the screen, before what is less urgent.
  placeOf(item) {
    if (this.name) return this.queue.length // the practice has an order of its own
    const rank = (other) => (other.handed ? -1 : LANES.indexOf(other.lane))
    const at = this.queue.findIndex((other, index) => index > 0 && rank(other) > rank(item))
    return at < 0 ? this.queue.length : at
  }

  renew(item, told, spans) {
    if (told) item.until = performance.now() + told.left * 1000
    if (spans && !item.spans) item.spans = spans
  }

  // Own decisions that the server's count does not have yet.
  get uncounted() {
    return this.pending.reduce((sum, step) => sum + changeOf(step), 0)
  }

  // -- where one stopped ------------------------------------------------------------------------------------------

  // What is on the screen, and what was chosen that was not sent yet.
  screen() {
    const item = this.item
    if (!item) return null
    const { labels, outcome, note } = item.choice
    const untouched = !outcome && !note && String(labels) === String(item.preset)
    return { comment: item.id, labels: untouched ? null : [...labels].sort(), outcome, note }
  }

  // Begin with the comment that was on the screen elsewhere, as it was. Once, and only before anything was done here.
  resumeFrom(told) {
    if (told) this.resumed = told
    const place = this.resumed && this.queue.findIndex((item) => item.id === this.resumed.comment)
    if (!this.resumed || place < 0 || this.history.length) return
    const item = this.queue.splice(place, 1)[0]
    this.queue.unshift(item)
    const { labels, outcome, note } = this.resumed
    this.resumed = null
    if (labels) item.choice.labels = labels.filter((label) => label < 6)
    Object.assign(item.choice, { outcome: outcome || null, note: note || "" })
  }

  have() {
    return [...this.queue, ...this.held].map((item) => item.id)
  }

  bare() {
    return this.queue.slice(0, 8).filter((item) => item.scores && !item.spans && item.asked < 20).map((item) => item.id)
  }
}

const TALK = new Set(["ask", "answer"]) // steps that decide nothing

const LANES = ["asked", "escalated", "adjudication", "audit", "second", "disagreement", "recheck", "suggested", "flagged"]

// Decisions more or less by a step.
const changeOf = (step) => (["decide", "identical"].includes(step.kind) ? 1 : step.kind === "undo" && step.target && !TALK.has(step.of) ? -1 : 0)

// As the server groups texts (core.text.text_hash). Blind comments are decided alone.
const isCopy = (item, other) => !item.blind && foldedText(item.text) === foldedText(other.text)
const foldedText = (text) => text.normalize("NFKC").toLowerCase().trim().replace(/\s+/g, " ")

function pause(item) {
  if (item.since !== null) item.spent += performance.now() - item.since
  item.since = null
}

function resumeTime(item) {
  if (item.since === null && !document.hidden) item.since = performance.now()
}

function seconds(item) {
  const running = item.since === null ? 0 : performance.now() - item.since
  return Math.round(item.spent + running) / 1000
}
