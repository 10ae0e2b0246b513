// What the card says of a comment, of a lane, and of there being nothing to show.

const LANE_NAMES = {
  asked: later("Question"), escalated: later("Escalated"), adjudication: later("Two disagree"), audit: later("Blind audit"),
  second: later("Second opinion"),
  disagreement: later("Models disagree"), recheck: later("Look again"), suggested: later("Suggested"),
  flagged: later("Flagged"),
}
const LANE_SHORT = { ...LANE_NAMES, audit: later("Audit"), second: later("Second") }
const ALWAYS_COUNTED = ["escalated", "audit", "flagged"]
const OUTCOME_NAMES = { approve: later("Approve"), remove: later("Remove"), escalate: later("Escalate") }
const DONE_NAMES = { approve: later("approved"), remove: later("removed"), escalate: later("escalated") }
const WHY_BLIND = {
  audit: later("Drawn at random from all traffic, to measure the model. Scores stay hidden: only your own reading counts."),
  second: later("Somebody has settled this one. Say what you would: their answer and the scores stay hidden."),
  adjudication: later("Two people do not agree. Yours is the decision that holds. Scores stay hidden."),
  disagreement: later("Two models do not agree on this one. Scores stay hidden: only your own reading counts."),
  recheck: later("Settled before, and worth another look. Scores stay hidden: only your own reading counts."),
}

function maskWords(now, step) {
  if (now === "open") return t("Comment text")
  const key = keyName(keyOf("reveal")) || t("The button")
  if (now === "words") return t("Comment text, some words masked. {key} shows them.", { key })
  return step === "words" ? t("Comment text, masked until its words are known. {key} shows it.", { key }) : t("Comment text, masked. {key} reveals it.", { key })
}

function origin(item) {
  const day = item.written ? dayWords(item.written) : ""
  const whole = [item.shown || "#" + item.id, item.author && t("by {author}", { author: item.author }), item.source, day].filter(Boolean).join("  ·  ")
  return visibleText(whole)
}

function laneName(item) {
  const name = item.question && item.question.answer ? t("Answered") : t(LANE_NAMES[item.lane])
  return item.blind && ["asked", "escalated"].includes(item.lane) ? t("{lane} · blind", { lane: name }) : name
}

function whyOf(item) {
  if (item.question) return whyAsked(item)
  const asked = item.escalation
  if (item.handed) return handedWords(item.handed)
  if (!asked && item.suggestion) return suggestionWords(item.suggestion)
  if (!asked) return item.blind ? t(WHY_BLIND[item.lane] || WHY_BLIND.audit) : ""
  const [by, note] = [visibleText(asked.by), visibleText(asked.note)]
  const words = note ? t("{by} asks for another look: “{note}”", { by, note }) : t("{by} asks for another look.", { by })
  return item.blind ? `${words} ${t("Blind: no scores.")}` : words
}

// With its reason it stands before everything else that there is to say.
function handedWords({ by, note }) {
  const who = visibleText(by)
  return note ? t("{who} handed this over to you: “{note}”", { who, note: visibleText(note) }) : t("{who} handed this over to you.", { who })
}

function suggestionWords(suggestion) {
  const words = suggestion.labels.length ? suggestion.labels.join(", ") : t("none of the six labels")
  return t("{by} suggests: {labels}.", { by: visibleText(suggestion.by), labels: words })
}

function whyAsked(item) {
  if (item.question.answer) return item.question.mine ? t("Your question was answered: the decision is yours.") : t("Answered long ago, and not decided since: anybody may.")
  return item.blind ? t("A question about a blind comment. Decide by your own reading: scores stay hidden.") : t("A question about this comment.")
}

function emptyWords(desk, elsewhere, outside = "") {
  const mine = desk.held.length
  const held = mine ? tn("You hold {many} for later.", "You hold {many} for later.", mine, { many: mine }) : ""
  const beside = [outside.trim(), held].filter(Boolean).join(" ")
  const said = (words) => `${words} ${beside}`.trim()
  if (elsewhere && elsewhere.title) return [elsewhere.title, elsewhere.reason]
  if (!elsewhere) return [t("Fetching more"), said(t("The next comments are on their way."))]
  if (elsewhere.unwished) {
    return [t("What is left is what you do not want to see today"), said(t("It waits for others. Take the list off under Preferences, or come back tomorrow."))]
  }
  if (elsewhere.claimed) return [t("Others have the rest"), said(claimedWords(elsewhere))]
  if (elsewhere.unscored) {
    const waiting = count.format(elsewhere.unscored)
    return [t("Waiting for scores"), said(tn(
      "{many} comment is not scored yet. It comes here by itself.",
      "{many} comments are not scored yet. They come here by themselves.", elsewhere.unscored, { many: waiting }))]
  }
  if (elsewhere.asked && !mine) {
    const values = { many: count.format(elsewhere.asked), when: since(elsewhere.askedSince) }
    return [t("Waiting for an answer"), said(tn("Your question waits for a lead since {when}. The comment comes back here.", "{many} questions of yours wait for a lead, the oldest since {when}. The comments come back here.", elsewhere.asked, values))]
  }
  if (elsewhere.othersTurn && !mine) {
    return [t("Nothing left for you"), said(tn(
      "{many} waits for the opinion of somebody else: you have given yours.",
      "{many} wait for the opinion of somebody else: you have given yours.",
      elsewhere.othersTurn, { many: count.format(elsewhere.othersTurn) }))]
  }
  const title = mine ? t("Only held comments are left") : outside ? t("Nothing left here") : t("All done")
  return [title, beside || t("Nothing waits for review. New comments appear here by themselves.")]
}

function claimedWords(elsewhere) {
  const many = count.format(elsewhere.claimed)
  const words = elsewhere.held
    ? t("{many} still wait, all with other moderators ({held} held for later).", { many, held: elsewhere.held })
    : t("{many} still wait, all with other moderators.", { many })
  return elsewhere.back === null ? words : `${words} ${t("The first comes back {when} unless it is decided.", { when: backIn(elsewhere.back) })}`
}

function backIn(seconds) {
  if (seconds < 90) return t("in {many} s", { many: Math.ceil(seconds) })
  return seconds < 5400 ? t("in {many} min", { many: Math.round(seconds / 60) }) : t("in {many} h", { many: Math.round(seconds / 3600) })
}
