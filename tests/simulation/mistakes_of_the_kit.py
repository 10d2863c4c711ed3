"""Mistakes planted in the kit: stores, messages, read models, workflows."""

from shared.testing.simulation.mutants import mistake as _m

_CODEC = '__import__("shared.eventsourcing.codec", fromlist=["decode_commit"]).decode_commit'

KIT = (
    _m(
        "published-though-lost",
        "What a lost append would have written is published all the same.",
        "shared.eventsourcing.attempts.Attempts._append",
        (
            "except BaseException:\n",
            (
                "except BaseException:\n"
                "        await announce([draft.announced(context.occurred_at) for draft in drafts])\n"
            ),
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
            (
                "[commit.context.command_id for commit in there] == "
                f"[{_CODEC}(new.body, there[0].recorded_at).context.command_id if there else '' for new in commits]"
            ),
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
    _m(
        "alias-remembered-for-ever",
        "An instance goes by the generations that it read first.",
        "shared.eventsourcing.generations.Aliases._fresh",
        ("and self._clock() < read_at + self.remembered", ""),
    ),
    _m(
        "own-key-kept",
        "Of two who make a person's first key at once, both go on with their own.",
        "shared.eventsourcing.personal.PersonalData._first_key",
        ("key if holds == wrapped else await self._keys.unwrap(holds, subject)", "key"),
    ),
)

WORKFLOWS = (
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
    _m(
        "pivot-given-up",
        "The pivot is given up after as many tries as any other step, though it may have been done.",
        "shared.eventsourcing.workflow.decider._unknown",
        ("limit = None if step.pivot else step.attempts", "limit = step.attempts"),
    ),
    _m(
        "deadline-behind-the-pivot",
        "A workflow turns back at its deadline, though the pivot may have been done.",
        "shared.eventsourcing.workflow.decider._resume",
        ("and not pivot_is_asked(workflow, saga) ", ""),
    ),
)
