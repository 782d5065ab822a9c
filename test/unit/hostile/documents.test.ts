/**
 * The readers of documents: what they hand on is what its type says, however the document came about, or they refuse it
 * with `ERR_STORE_DATA`. A document of a newer format is refused whatever else it holds.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Configuration, isKind } from '../../../src/options/configuration.ts';
import { DocumentReader, FORMAT, isFields, isOfOurFormat } from '../../../src/store/documents.ts';
import { TaskReader } from '../../../src/store/taskDocuments.ts';
import { runs } from '../../support/propertyRuns.ts';
import { acceptedOrCoded } from './accepted.ts';
import {
  alien,
  alienValue,
  configuredLease,
  leaseDocument,
  letterDocument,
  memberDocument,
  noticeDocument,
  taskDocument,
  termDocument,
} from './hostileDocuments.ts';

const REFUSED = ['ERR_STORE_DATA', 'ERR_NEWER_FORMAT'] as const;
const WHERE = 'the document x in mongodb://db/test';
const NUMBER_MAX = 2 ** 52;

function isWhole(value: number, most = Number.MAX_SAFE_INTEGER): boolean {
  return Number.isSafeInteger(value) && value >= 0 && value <= most;
}

function isId(value: unknown): boolean {
  return typeof value === 'string' || (typeof value === 'number' && !Number.isNaN(value));
}

function isConfigured(configuration: Configuration | undefined): boolean {
  if (configuration === undefined) return true;
  const texts = Object.values(configuration.settings);
  return isKind(configuration.kind) && texts.every((each) => typeof each === 'string');
}

describe('a reader hands on only what its type says', () => {
  test('leases', () => {
    const property = fc.property(alien(leaseDocument), (document) => {
      const lease = acceptedOrCoded(REFUSED, () => new DocumentReader(document, WHERE).lease());
      if (lease !== undefined) {
        const { term, beat, holder, claim, ttl, identifier, count, recent } = lease;
        expect([isWhole(term, NUMBER_MAX), isWhole(beat, NUMBER_MAX), isWhole(count)]).toEqual([true, true, true]);
        expect([typeof claim, holder === null || typeof holder === 'string']).toEqual(['string', true]);
        // A standby that waits for longer than any option allows would wait for ever.
        expect(ttl >= 0 && ttl <= 2 ** 32).toBe(true);
        expect((identifier === null || isId(identifier)) && recent.every(isId)).toBe(true);
      }
      const state = acceptedOrCoded(REFUSED, () => new TaskReader(document, WHERE).queueState());
      if (state !== undefined) {
        expect(isWhole(state.done, NUMBER_MAX)).toBe(true);
        if (state.burial !== null) expect(isWhole(state.burial.seq, NUMBER_MAX)).toBe(true);
      }
    });
    fc.assert(property, runs(1000));
  });

  test('configurations, which keep no lease from being read', () => {
    const property = fc.property(configuredLease, alienValue, (document, strange) => {
      expect(new DocumentReader(document, WHERE).lease().configuration?.kind).toBe(document.configuration.kind);
      for (const configuration of [strange, { ...document.configuration, settings: strange }]) {
        const read = new DocumentReader({ ...document, configuration }, WHERE).lease();
        expect(isConfigured(read.configuration)).toBe(true);
      }
      const elsewhere = { ...document.configuration, claim: `${document.claim}/2` };
      const read = new DocumentReader({ ...document, configuration: elsewhere }, WHERE).lease();
      expect(read.configuration).toBeUndefined();
    });
    fc.assert(property, runs(1000));
  });

  test('processes and deaths, which keep no lease from being read either', () => {
    const ours = { boot: 'b', namespace: 'n', pid: 1, start: '1' };
    const property = fc.property(configuredLease, alienValue, (document, strange) => {
      const { claim } = document;
      const readWith = (fields: object) => new DocumentReader({ ...document, ...fields }, WHERE).lease();
      expect(readWith({ process: { ...ours, claim } }).process).toEqual(ours);
      for (const process of [strange, { ...ours, claim: `${claim}/2` }, { ...ours, claim, pid: strange }]) {
        const { pid } = readWith({ process }).process ?? ours;
        expect(isWhole(pid) && pid > 0).toBe(true);
      }
      expect(readWith({ process: { ...ours, claim: `${claim}/2` } }).process).toBeUndefined();
      expect(readWith({ holder: null, died: claim }).died).toBe(true);
      expect(readWith({ holder: null, died: `${claim}/2` }).died).toBeUndefined();
      expect(readWith({ holder: 'h', died: claim }).died).toBeUndefined();
    });
    fc.assert(property, runs(1000));
  });

  test('notices', () => {
    const property = fc.property(alien(noticeDocument), (document) => {
      const notice = acceptedOrCoded(REFUSED, () => new DocumentReader(document, WHERE).notice());
      if (notice === undefined) return;
      const { name, holder, ttl, count, wants, configuration } = notice;
      expect([typeof name, typeof holder, typeof wants]).toEqual(['string', 'string', 'boolean']);
      expect(ttl >= 0 && isWhole(count) && isConfigured(configuration)).toBe(true);
    });
    fc.assert(property, runs(1000));
  });

  test('term records', () => {
    const property = fc.property(alien(termDocument), (document) => {
      const record = acceptedOrCoded(REFUSED, () => new DocumentReader(document, WHERE).termRecord());
      if (record === undefined) return;
      expect(isWhole(record.term, NUMBER_MAX)).toBe(true);
      expect([record.name, record.holder, record.claim].every((each) => typeof each === 'string')).toBe(true);
    });
    fc.assert(property, runs(400));
  });

  test('tasks and dead letters', () => {
    const property = fc.property(alien(fc.oneof(taskDocument, letterDocument)), (document) => {
      const reader = () => new TaskReader(document, WHERE);
      const task = acceptedOrCoded(REFUSED, () => reader().task());
      const letter = acceptedOrCoded(REFUSED, () => reader().deadLetter());
      for (const one of [task, letter]) {
        if (one === undefined) continue;
        expect([isWhole(one.seq, NUMBER_MAX), isId(one.id), isWhole(one.attempts)]).toEqual([true, true, true]);
        expect(one.bytes).toBeInstanceOf(Uint8Array);
        expect(one.at.getTime()).not.toBeNaN();
      }
    });
    fc.assert(property, runs(800));
  });

  test('members', () => {
    const property = fc.property(alien(memberDocument), (document) => {
      const member = acceptedOrCoded(REFUSED, () => new DocumentReader(document, WHERE).member('id'));
      if (member !== undefined) expect(member.at.getTime()).not.toBeNaN();
    });
    fc.assert(property, runs(300));
  });
});

describe('the format of a document', () => {
  test('a newer one is refused, whatever else is there', () => {
    const newer = fc.integer({ min: FORMAT + 1, max: Number.MAX_SAFE_INTEGER });
    const documents = alien(fc.oneof(leaseDocument, termDocument, taskDocument, letterDocument)).filter(isFields);
    const property = fc.property(documents, newer, (document, format) => {
      const newerFormat = expect.objectContaining({
        code: 'ERR_NEWER_FORMAT',
        message: expect.stringContaining(WHERE),
      });
      expect(() => new TaskReader({ ...document, format }, WHERE)).toThrow(newerFormat);
      expect(isOfOurFormat({ ...document, format })).toBe(false);
    });
    fc.assert(property, runs(300));
  });

  test('what is read may be written, and the other way round', () => {
    const property = fc.property(leaseDocument, alienValue, (document, format) => {
      const fields = { ...document, format };
      const lease = acceptedOrCoded(REFUSED, () => new DocumentReader(fields, WHERE).lease());
      expect(lease !== undefined).toBe(isOfOurFormat(fields));
    });
    fc.assert(property, runs(300));
  });

  test('without one, and with the present one, it is read', () => {
    const document = {
      term: 1,
      beat: 0,
      ack: 0,
      holder: null,
      claim: 'c',
      ttl: 1,
      identifier: null,
      count: 0,
      recent: [],
    };
    for (const format of [{}, { format: FORMAT }, { format: null }]) {
      expect(new DocumentReader({ ...document, ...format }, WHERE).lease()).toEqual(document);
    }
  });
});
