/** Mistakes in hand-overs, rests and deference: docs/explain/protocol.md, "Requests of operators". */
import type { PlantedBug } from '../plantedBug.ts';

const file = 'src/election/protocol.ts';

export const handOverBugs: readonly PlantedBug[] = [
  {
    name: 'handed-over-before-drained',
    breaks: 'A hand-over releases the lease at once, while the work runs.',
    file,
    find: 'this.state.mastership = { ...mastership, handOver: { drain, drained: false } };',
    replace: 'this.state.mastership = { ...mastership, handOver: { drain, drained: true } };',
    caughtBy: ['search', 'walks'],
  },
  {
    name: 'rest-after-hand-over-forgotten',
    breaks: 'A member that handed over claims the lease that it released at once.',
    file,
    find: 'if (state.rests?.until !== null) state.rests =',
    replace: 'if (state.rests?.until === undefined && now < 0) state.rests =',
    caughtBy: ['search', 'walks'],
  },
  {
    name: 'ordered-rest-ends-by-itself',
    breaks: 'A member that was told to rest claims after its time to live, though it was not told that it has rested.',
    file,
    find: 'if (until === null) this.state.rests = { until: null, early: null };',
    replace:
      'if (until === null) this.state.rests = { until: this.now + timeToLive(this.config.intervals), early: null };',
    caughtBy: ['search', 'walks'],
  },
  {
    name: 'hand-over-ends-an-ordered-rest',
    breaks: 'The rest after a hand-over takes the place of one that was to last until the member is told.',
    file,
    find: 'if (state.rests?.until !== null) state.rests =',
    replace: 'state.rests =',
    caughtBy: ['search'],
  },
  {
    name: 'claim-amid-a-rest-makes-a-master',
    breaks: 'A claim that was under way when a rest began makes a master.',
    file,
    find: 'if (state.rests !== null) return this.winForOthers(claim, validUntil);',
    replace: 'if (state.rests !== null && claim.term === 0) return this.winForOthers(claim, validUntil);',
    caughtBy: ['search'],
  },
  {
    name: 'claim-by-an-old-look-after-a-rest',
    breaks: 'A member that is told that it has rested claims what it saw before, though a look is under way.',
    file,
    find: 'if (state.rests !== null && state.claim === null && state.mastership === null) state.looksFirst = true;',
    replace: '',
    caughtBy: ['named'],
  },
  {
    name: 'deference-ignored',
    breaks: 'A member that is to let others go first claims at once.',
    file,
    find: 'const deference = Math.min(asked, timeToLive(this.config.intervals));',
    replace: 'const deference = Math.min(asked, 0);',
    caughtBy: ['named'],
  },
  {
    name: 'deference-never-ends',
    breaks: 'Each look begins the deference again, so a lease that all defer for is never claimed.',
    file,
    find: 'state.seen = { ...state.seen, settled, deference };',
    replace: 'state.seen = { ...state.seen, settled, deference, since: deference > 0 ? this.now : state.seen.since };',
    caughtBy: ['search', 'named'],
  },
  {
    name: 'lease-counted-on-after-hand-over',
    breaks: 'A member counts on the lease that it hands over until it is told what became of the release.',
    file,
    find: "this.effects.push({ type: 'noLease' });\n    this.enter('slave');\n    this.effects.push({ type: 'handedOver', term });",
    replace: "this.enter('slave');\n    this.effects.push({ type: 'handedOver', term });",
    also: [
      {
        find: "if (answer.type !== 'failed') {\n      this.state.parting = null;",
        replace:
          "if (answer.type !== 'failed') {\n      this.effects.push({ type: 'noLease' });\n      this.state.parting = null;",
      },
    ],
    caughtBy: ['search', 'walks'],
  },
  {
    name: 'order-of-an-older-term-obeyed',
    breaks: 'A master hands over because of an order that was for an earlier term.',
    file,
    find: "if (mastership?.term !== term || mastership.handOver !== null || stopping !== 'no') return;",
    replace: "if (mastership === null || mastership.handOver !== null || stopping !== 'no') return;",
    caughtBy: ['search'],
  },
  {
    name: 'handed-over-beside-a-beat',
    breaks: 'The release of a hand-over goes out while a beat is under way, which may take it back.',
    file,
    find: 'if (current.inFlight.size === 0) this.giveAway(current);',
    replace: 'this.giveAway(current);',
    caughtBy: ['named'],
  },
  {
    name: 'work-resumed-in-a-hand-over',
    breaks: 'A lease that was saved lets work go on although it is to end for a hand-over.',
    file,
    find: "const works = this.state.stopping === 'no' && mastership.handOver === null;",
    replace: "const works = this.state.stopping === 'no';",
    caughtBy: ['search'],
  },
  {
    name: 'drain-of-an-earlier-hand-over-answers',
    breaks: 'The answer to the drain of a cancelled hand-over counts for the next one, whose work runs.',
    file,
    find: 'if (mastership?.handOver?.drain !== drain) return;',
    replace: 'if (!mastership?.handOver) return;',
    caughtBy: ['named'],
  },
];
