/** All planted bugs. */
import type { PlantedBug } from '../plantedBug.ts';
import { answerBugs } from './answers.ts';
import { changeBugs } from './changes.ts';
import { deathBugs } from './deaths.ts';
import { durableBugs } from './durable.ts';
import { electionBugs } from './election.ts';
import { embeddedBugs } from './embedded.ts';

import { execBugs } from './exec.ts';
import { guardBugs } from './guard.ts';
import { handOverBugs } from './handOvers.ts';

import { hintBugs } from './hints.ts';

import { memberBugs } from './members.ts';
import { mongodbBugs } from './mongodb.ts';
import { networkBugs } from './network.ts';
import { observeBugs } from './observe.ts';
import { orderBugs } from './orders.ts';
import { pageBugs } from './page.ts';
import { poolBugs } from './pool.ts';
import { programBugs } from './programs.ts';
import { queueBugs } from './queue.ts';
import { realmBugs } from './realms.ts';
import { relayBugs } from './relay.ts';
import { replicaSetBugs } from './replicaSet.ts';
import { scheduleBugs } from './schedules.ts';
import { spreadBugs } from './spread.ts';
import { storeBugs } from './stores.ts';
import { surroundingBugs } from './surroundings.ts';
import { threadBugs } from './threads.ts';
import { togetherBugs } from './together.ts';
import { uniqueBugs } from './unique.ts';
import { workBugs } from './work.ts';

export const plantedBugs: readonly PlantedBug[] = [
  ...electionBugs,
  ...handOverBugs,
  ...queueBugs,
  ...realmBugs,
  ...durableBugs,
  ...relayBugs,
  ...changeBugs,
  ...uniqueBugs,
  ...answerBugs,
  ...deathBugs,
  ...guardBugs,
  ...execBugs,
  ...hintBugs,
  ...workBugs,
  ...threadBugs,
  ...storeBugs,
  ...embeddedBugs,
  ...poolBugs,
  ...observeBugs,
  ...pageBugs,
  ...memberBugs,
  ...orderBugs,
  ...scheduleBugs,
  ...spreadBugs,
  ...mongodbBugs,
  ...surroundingBugs,
  ...togetherBugs,
  ...networkBugs,
  ...replicaSetBugs,
  ...programBugs,
];
