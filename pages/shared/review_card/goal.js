// A goal for one sitting, if the reader set one: seen by nobody else. A sitting ends with half an hour without a step.

const SITTING = "moderato.sitting"
const APART_MS = 30 * 60 * 1000

class Sitting {
  constructor(person) {
    this.key = ownKey(SITTING, person)
    const fresh = { began: Date.now(), last: Date.now(), done: 0, told: false }
    try {
      this.now = { ...fresh, ...JSON.parse(kept(this.key) || "{}") }
    } catch {
      this.now = fresh
    }
    if (!(Date.now() - this.now.last < APART_MS)) this.now = fresh
  }

  // A decision more, or one less.
  count(change) {
    if (Date.now() - this.now.last > APART_MS) Object.assign(this.now, { began: Date.now(), done: 0, told: false })
    this.now.done = Math.max(0, this.now.done + change)
    this.keep()
  }

  keep() {
    this.now.last = Date.now()
    keep(this.key, JSON.stringify(this.now))
  }

  again() {
    this.now = { began: Date.now(), last: Date.now(), done: 0, told: false }
    this.keep()
  }

  reached(goal) {
    return goal.items ? this.now.done >= goal.items : goal.minutes ? this.minutes >= goal.minutes : false
  }

  get minutes() {
    return Math.floor((Date.now() - this.now.began) / 60000)
  }
}

function drawGoal(card) {
  const box = card.root.querySelector(".goal")
  const goal = card.preferences.goal || {}
  const [sitting, wanted] = [card.sitting, goal.items || goal.minutes]
  box.hidden = !wanted
  if (!wanted) return
  const reached = sitting.reached(goal)
  const values = goal.items ? { done: count.format(sitting.now.done), goal: count.format(goal.items) } : { done: sitting.minutes, goal: goal.minutes }
  const words = goal.items ? t("{done} of {goal}", values) : t("{done} of {goal} min", values)
  setText(box.querySelector(".goalwords"), reached ? t("Goal reached: {words}. A good moment for a break.", { words }) : words)
  box.dataset.reached = String(reached)
  for (const button of box.querySelectorAll("button")) button.hidden = !reached
  if (reached && !sitting.now.told) {
    sitting.now.told = true
    sitting.keep()
    card.view.say(t("You have reached your goal."))
  }
}
