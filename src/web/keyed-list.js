// Brings the children of a list into a new order by moving as few of them as possible.
//
// A row that is moved in the document loses its focus, its animation and a finger's drag; one that
// stays keeps them. So the longest run of rows that are in order already is left alone.

/** Which of `after` have to be put in anew so that `before` becomes it. Both without repetitions. */
export function toBeMoved(before, after) {
  const places = new Map(before.map((key, index) => [key, index]));
  const staying = longestRise(after.filter((key) => places.has(key)).map((key) => places.get(key)));
  return new Set(after.filter((key) => !staying.has(places.get(key))));
}

/** The numbers of a longest rising subsequence. */
function longestRise(numbers) {
  const tails = []; // tails[length - 1]: the smallest end of a rise of that length, by index
  const previous = [];
  numbers.forEach((number, index) => {
    let low = 0;
    let high = tails.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (numbers[tails[middle]] < number) low = middle + 1;
      else high = middle;
    }
    previous[index] = low > 0 ? tails[low - 1] : -1;
    tails[low] = index;
  });
  const rise = new Set();
  for (let at = tails.at(-1) ?? -1; at >= 0; at = previous[at]) rise.add(numbers[at]);
  return rise;
}

/** Makes `items` the children of `list`; what is not among them goes. */
export function orderChildren(list, items) {
  const same = list.children.length === items.length;
  if (same && items.every((item, index) => list.children[index] === item)) return;
  const wanted = new Set(items);
  for (const child of [...list.children]) if (!wanted.has(child)) child.remove();
  const moving = toBeMoved([...list.children], items);
  let place = null;
  for (const item of [...items].reverse()) {
    if (moving.has(item)) list.insertBefore(item, place);
    place = item;
  }
}
