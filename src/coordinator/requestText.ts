/** Requests of the election in words, for the debug output. */
import type { StoreRequest } from '../election/effects.js';

export function inWords(request: StoreRequest): string {
  switch (request.type) {
    case 'readTip':
      return 'asks for the highest term';
    case 'observe':
      return `looks at the lease, knows term ${request.tip}`;
    case 'writeLease':
      return `claims term ${request.next.term}`;
    case 'insertTerm':
      return `puts term ${request.term} on record`;
    case 'beat':
      return `beat ${request.beat} of term ${request.term}`;
    case 'release':
      return `releases term ${request.term}`;
    case 'releaseDead':
      return `releases term ${request.term} of ${request.holder}, whose process is gone`;
  }
}
