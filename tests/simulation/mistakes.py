"""Real mistakes, planted one at a time: each must be found by some seed, or the simulation has a gap."""

from shared.testing.simulation.mutants import Mutant

_CODEC = '__import__("shared.eventsourcing.codec", fromlist=["decode_commit"]).decode_commit'


def _m(name: str, mistake: str, target: str, *changes: tuple[str, str]) -> Mutant:
    return Mutant(name=name, mistake=mistake, target=target, changes=changes)


_KIT = (
    _m(
        "published-though-lost",
        "What a lost append would have written is published all the same.",
        "shared.eventsourcing.attempts.Attempts._append",
        (
            "except BaseException:\n",
            "except BaseException:\n"
            "        await announce([draft.announced(context.occurred_at) for draft in drafts])\n",
        ),
    ),
    _m(
        "acknowledged-before-written",
        "An append that was not answered counts as done.",
        "shared.eventsourcing.attempts.Attempts._append",
        (
            "except BaseException:\n",
            "except UnavailableError:\n        return Outcome(versions, answer)\n    except BaseException:\n",
        ),
    ),
    _m(
        "no-outbox",
        "Commits owe no messages: what is not published at once never is.",
        "shared.eventsourcing.streams.Streams.draft",
        ("owed=self._announcer.publication.owed(stream, version, decided.events)", "owed=[]"),
    ),
    _m(
        "own-by-command-id",
        "A commit of the same command counts as one's own, whoever wrote it.",
        "shared.adapters.memory.event_store.arbitrated",
        (
            "[commit.body for commit in there] == [new.body for new in commits]",
            "[commit.context.command_id for commit in there] == "
            f"[{_CODEC}(new.body, there[0].recorded_at).context.command_id if there else '' for new in commits]",
        ),
    ),
    _m(
        "first-answer-not-looked-up",
        "A repeated request is refused, though its first try succeeded.",
        "shared.eventsourcing.attempts.Attempts._refused",
        ("await self._store.answered(answer.key) if answer else None", "None"),
    ),
    _m(
        "answer-not-kept",
        "The first answer is not written with the commit.",
        "shared.http.command_edge.CommandEdge._singly",
        ("answer=asked.answer if asked.identity.key else None", "answer=None"),
    ),
    _m(
        "refused-from-memory",
        "A refusal is given on what a warm instance remembers.",
        "shared.eventsourcing.attempts.Attempts._write",
        ("if stale := held.stale(besides=changes):", "if stale := held.stale(besides=changes) if not refusal else []:"),
    ),
    _m(
        "memory-kept-after-failure",
        "What was known before a failed append is remembered as if it had been written.",
        "shared.eventsourcing.attempts.Attempts._append",
        ("held.forget()  # whatever", "held.advance(drafts, [draft.new.position for draft in drafts])  # whatever"),
    ),
    _m(
        "acknowledged-before-handled",
        "A message is acknowledged though its function could not handle it.",
        "shared.eventsourcing.desk.Desk.deliver",
        ("except self.taker.never as error:", "except Exception as error:\n        return 'done'\n        "),
    ),
    _m(
        "relay-never-repeats",
        "The relay settles what was seen and sends nothing again.",
        "shared.eventsourcing.relay.Relay._send",
        ("await self._publisher.publish(topic, messages)", "pass"),
    ),
    _m(
        "sweep-passes-late-commits",
        "The sweep goes up to the present: a commit that shows late is passed.",
        "shared.eventsourcing.feed_walk.FeedWalk.run",
        ("await self.log.now() - self.behind", "await self.log.now()"),
    ),
    _m(
        "checkpoint-passes-trouble",
        "The checkpoint moves on, though a stream could not be visited.",
        "shared.eventsourcing.feed_walk.FeedWalk.run",
        ("if first is None:", "if True:"),
    ),
    _m(
        "no-sweep",
        "Read models are not swept: a lost message is never made up for.",
        "shared.eventsourcing.feed_walk.FeedWalk._visit",
        (
            "changed += await self.visit(stream, version)",
            "changed += 'sweep' not in self.name and await self.visit(stream, version)",
        ),
    ),
    _m(
        "projected-out-of-order",
        "A commit is applied to a document without a look at its version.",
        "shared.eventsourcing.advance.Documents.plan",
        ("version == seen + 1 and ", ""),
    ),
    _m(
        "only-the-live-generation",
        "Projectors keep the generation that answers, and forget the others.",
        "shared.eventsourcing.projectors.Projectors.kept",
        ("names = sorted(generations.kept, key=lambda name: name != generations.live)", "names = [generations.live]"),
    ),
    _m(
        "archive-never-swept",
        "The sweep finds what the archive lacks, and does not write it.",
        "shared.eventsourcing.archive_sweep.ArchiveSweep._write",
        ("await self.archive.write(rows)", "pass"),
    ),
    _m(
        "sealed-in-clear",
        "Personal data is stored as it is.",
        "shared.eventsourcing.personal.PersonalData.seal_all",
        ("{_to_text(secret)}", "{text}"),
    ),
)

_WORKFLOWS = (
    _m(
        "doubtful-step-not-undone",
        "A step without an answer counts as not done, and is not undone.",
        "shared.eventsourcing.workflow.decider._unknown",
        ("also=step.name", "also=None"),
    ),
    _m(
        "doubtful-at-the-deadline",
        "The step that was under way at the deadline is not undone.",
        "shared.eventsourcing.workflow.decider._resume",
        ("also=asked_for(saga)", "also=None"),
    ),
    _m(
        "refused-at-second-try",
        "A refusal of the second try counts, though the first may have succeeded.",
        "shared.eventsourcing.workflow.decider._refused",
        ("doubtful = outcome.done or attempt.number > 1", "doubtful = outcome.done"),
    ),
    _m(
        "nothing-is-undone",
        "A workflow that turns back undoes nothing.",
        "shared.eventsourcing.workflow.moves.compensation",
        ("if step.name in touched and step.undo is not None", "if False"),
    ),
    _m(
        "lost-claim-stays",
        "Nobody takes over from a runner that died.",
        "shared.eventsourcing.workflow.decider._resume",
        ("return _taken_over(workflow, saga, saga.attempt, at)", "return []"),
    ),
    _m(
        "unknown-is-success",
        "A call that was not answered counts as done.",
        "shared.eventsourcing.workflow.runner.Runner._outcome",
        ('return Unknown(error="no answer")', "return Succeeded(learned={})"),
    ),
)

_SHOP = (
    _m(
        "reservation-without-tombstone",
        "Releasing a reservation that never was leaves nothing: a late one is kept for ever.",
        "functions.inventory.decider._release",
        ("if reservation.status in {", "if reservation.status in {Status.ABSENT, "),
    ),
    _m(
        "oversold",
        "Stock is reserved without a look at what is available.",
        "functions.inventory.decider.decide_stock",
        ("if command.quantity > stock.available:", "if False:"),
    ),
    _m(
        "stock-not-written",
        "A reservation is written, and not what it takes of the stock.",
        "functions.inventory.plans.reservation_targets",
        ("*stock]", "]"),
    ),
    _m(
        "cart-sold-twice",
        "A cart that is checked out can be checked out by another checkout.",
        "functions.cart.decider._check_out",
        ("if not _opened(cart).lines:", "if not cart.lines:"),
    ),
    _m(
        "coupon-used-twice",
        "A customer may use a coupon again.",
        "functions.promotions.decider.decide_use",
        ('if use.redemption_id not in ("", redemption_id):', "if False:"),
    ),
    _m(
        "confirmed-before-recorded",
        "A card is charged before the intent is written down.",
        "functions.payments.effect.Settlement._create",
        (
            "except PaymentRefusedError",
            "    await self._provider.confirm(intent.intent_id)\n    except PaymentRefusedError",
        ),
    ),
    _m(
        "void-not-asked",
        "A void is recorded, and the provider is not asked.",
        "functions.payments.effect.Settlement._ask",
        (
            "_news(await self._provider.cancel(payment.intent_id), at)",
            "RecordCancelled(intent_id=payment.intent_id, at=at)",
        ),
    ),
    _m(
        "refund-not-looked-up",
        "A refund is asked for without a look at what went back already.",
        "functions.payments.effect.Settlement._give_back",
        ("left = min(amount.amount, payment.left_beside(refund_id))", "left = amount.amount"),
    ),
    _m(
        "key-not-destroyed",
        "An erasure is recorded, and the key stays.",
        "functions.customers.reactor._destroyed",
        ("await wiring.personal.erase(customer_id)", "pass"),
    ),
    _m(
        "mail-not-repeated",
        "A mail whose sending was cut off is never tried again.",
        "functions.notifications.decider.next_step",
        (
            "if mail.about is None or not mail.is_due(at):",
            "if mail.about is None or mail.attempts or not mail.is_due(at):",
        ),
    ),
    _m(
        "message-id-of-the-try",
        "Every try of a mail has a Message-ID of its own.",
        "functions.notifications.effect.Sender._message_id",
        ("{mail_id}@", "{mail_id}.{self.wiring.new_id()}@"),
    ),
)

MUTANTS: tuple[Mutant, ...] = (*_KIT, *_WORKFLOWS, *_SHOP)
