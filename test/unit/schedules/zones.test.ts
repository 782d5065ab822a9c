/** In all zones of the tz database, what is found forward is what is found backward. */
import { expect, test } from 'vitest';
import { readPattern } from '../../../src/schedules/pattern.ts';
import { clockOf, differencesIn, zoneChanges } from './zones.ts';

const zones = Intl.supportedValuesOf('timeZone');
const FROM = Date.parse('2025-01-01T00:00Z');
const YEARS = 10;

test('there are zones, and changes of their clocks', () => {
  expect(zones.length).toBeGreaterThan(400);
  expect(zoneChanges('Europe/Berlin', FROM, 1)).toEqual([
    Date.parse('2025-03-30T01:00Z'),
    Date.parse('2025-10-26T01:00Z'),
  ]);
});

test('around each change of a clock in ten years, forward is backward in all zones', () => {
  // Zones with the same clock in all these years are tried once.
  const different = [...new Map(zones.map((zone) => [clockOf(zone, FROM, YEARS), zone])).values()];
  expect(different.length).toBeGreaterThan(50);
  const found = different.flatMap((zone) => differencesIn(zone, readPattern('30 0,2,23 * * *', zone, 0), FROM, YEARS));
  expect(found).toEqual([]);
}, 60_000);

test('a pattern that leaves a slot out in one direction is found', () => {
  const { next, previous } = readPattern('30 2 * * *', 'Europe/Berlin', 0);
  const march = Date.parse('2026-03-29T01:00Z');
  const skipping = {
    next,
    previous: (before: number) => (previous(before) === march ? previous(march) : previous(before)),
  };
  expect(differencesIn('Europe/Berlin', skipping, FROM, 2)).not.toEqual([]);
});
