// What each act does: by its name, a function of the comment on the screen and of what its button says besides.

function doingsOf(card) {
  const { desk } = card
  return {
    label: (item, index) => toggle(item.choice.labels, index),
    flip: (item) => (item.choice.outcome = desk.outcome(item) === "remove" ? "approve" : "remove"),
    submit: (item) => card.decide("decide", desk.outcome(item)),
    none: (item) => {
      item.choice.labels = []
      item.choice.outcome = null
      card.decide("decide", "approve")
    },
    escalate: () => card.decide("decide", "escalate"),
    identical: (item) => !item.blind && item.identical > 1 && card.decide("identical", desk.outcome(item)),
    ask: (item) => openAsking(item, card),
    send: (item) => sendWords(item, card),
    keep: (item) => keepWords(item, card),
    told: (_item, id) => {
      desk.read.add(id)
      desk.news = desk.news.filter((one) => one.id !== id)
      desk.record({ kind: "told", questions: [id] })
      card.sent.dirty = true
    },
    skip: () => card.close("skip", t("Skipped.")),
    hold: () => card.close("hold", t("Held for a day.")),
    undo: () => {
      const item = desk.undo()
      card.tell(item ? t("Undone.") : t("Undoing the step before."))
    },
    resume: () => desk.held.length && card.takeUp(desk.held[0]),
    reveal: (item) => {
      if (!revealAround(item, card)) item.choice.step = nextStep(item, card.settings)
    },
    rest: () => (card.resting ? endBreak(card) : beginBreak(card)),
    later: () => sayLater(desk),
    unfold: (item) => (item.choice.unfolded = true),
    mask: () => {
      card.settings.maskAll = !card.settings.maskAll
      remember(card.maskAllName, desk.person, card.settings.maskAll)
    },
    context: (item) => {
      item.choice.context = !item.choice.context
      item.aroundTrouble = null
      card.sent.dirty = true // what it shows is asked for
    },
    more: (item, part) => askMore(item, AROUND_PARTS[part], card),
    unveil: (item, id) => unveil(item, id, card),
    open: () => openOriginal(card),
    raid: (item) => item.raid && card.trigger("raid", item.raid[1]),
    near: () => unfoldNear(card),
    shownear: (item, index) => revealNear(item, index, card),
    guidelines: () => toggleGuides(card),
    guide: (_item, index) => openGuide(card, index),
    note: (item) => card.openNote(item),
    focus: () => openFocus(card),
    widen: () => widen(card),
    work: () => card.chooseFocus(readFocus(card.view.q("dialog.focus"))),
    everything: () => card.chooseFocus({ own: ANY, beyond: card.focus.beyond }),
    hand: (item) => openHand(card, item),
    handheld: (_item, id) => openHand(card, heldOf(card, id)),
    give: () => giveAway(card),
    giveback: () => giveBack(card),
    held: () => openHeld(card),
    take: (_item, id) => takeUpHeld(card, id),
    leave: () => card.root.querySelector("dialog[open]").close(),
    sitting: () => card.sitting.again(),
    help: () => card.toggleHelp(),
    dismiss: (_item, index) => desk.problems.splice(index || 0, 1),
  }
}
