// How long a thought can be changed; after that, what became of it.

export function leftInWords(thought, now) {
  const left = thought.encode_at - now;
  return left > 0 && !thought.vetoed ? `${(left / 1000).toFixed(1)} s` : fateOf(thought);
}

export function fateOf(thought) {
  if (thought.vetoed) return 'vetoed';
  return thought.memory ? `remembered · ${thought.memory}` : 'remembered';
}
