/** Something from `start` to `end`, the end exclusive. */
export interface Ranged {
  readonly start: bigint;
  readonly end: bigint;
}

interface Node<R extends Ranged> {
  range: R;
  readonly priority: number;
  left: Node<R> | undefined;
  right: Node<R> | undefined;
  /** The largest end in this subtree. */
  reach: bigint;
}

type Tree<R extends Ranged> = Node<R> | undefined;

/**
 * Ranges that may overlap, by where they start: a treap, each node of which knows how far its subtree reaches. Adding, removing and finding one that
 * overlaps take logarithmic time.
 */
export class RangeTree<R extends Ranged> {
  #root: Tree<R>;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** The only one; undefined where there are none or more. */
  get only(): R | undefined {
    return this.#size === 1 ? this.#root!.range : undefined;
  }

  /** In the order of their starts. */
  *[Symbol.iterator](): Generator<R> {
    const above: Node<R>[] = [];
    for (let at = this.#root; at !== undefined || above.length > 0; ) {
      for (; at !== undefined; at = at.left) above.push(at);
      const node = above.pop()!;
      yield node.range;
      at = node.right;
    }
  }

  add(range: R): void {
    // By chance, and not one that a client could foresee and choose its ranges by. Nothing that anybody sees depends on it.
    const priority = Math.random();
    const node: Node<R> = { range, priority, left: undefined, right: undefined, reach: range.end };
    this.#root = insert(this.#root, node);
    this.#size++;
  }

  /** Removes this very range. */
  remove(range: R): void {
    if (this.only === range) {
      this.#root = undefined;
      this.#size = 0;
      return;
    }
    const [root, found] = removed(this.#root, range);
    this.#root = root;
    if (found) this.#size--;
  }

  /** The first range that overlaps `start` to `end` and passes `test`. */
  find(start: bigint, end: bigint, test: (range: R) => boolean): R | undefined {
    return search(this.#root, start, end, test);
  }
}

function search<R extends Ranged>(
  tree: Tree<R>,
  start: bigint,
  end: bigint,
  test: (range: R) => boolean,
): R | undefined {
  if (tree === undefined || tree.reach <= start) return undefined;
  const before = search(tree.left, start, end, test);
  if (before !== undefined) return before;
  const { range } = tree;
  if (range.start >= end) return undefined;
  if (range.end > start && test(range)) return range;
  return search(tree.right, start, end, test);
}

function update<R extends Ranged>(node: Node<R>): Node<R> {
  let reach = node.range.end;
  if (node.left !== undefined && node.left.reach > reach) reach = node.left.reach;
  if (node.right !== undefined && node.right.reach > reach) reach = node.right.reach;
  node.reach = reach;
  return node;
}

function insert<R extends Ranged>(tree: Tree<R>, node: Node<R>): Node<R> {
  if (tree === undefined) return node;
  if (node.priority > tree.priority) {
    [node.left, node.right] = split(tree, node.range.start);
    return update(node);
  }
  if (node.range.start < tree.range.start) tree.left = insert(tree.left, node);
  else tree.right = insert(tree.right, node);
  return update(tree);
}

/** Those that start before `start`, and the others. */
function split<R extends Ranged>(tree: Tree<R>, start: bigint): [Tree<R>, Tree<R>] {
  if (tree === undefined) return [undefined, undefined];
  if (tree.range.start < start) {
    const [before, behind] = split(tree.right, start);
    tree.right = before;
    return [update(tree), behind];
  }
  const [before, behind] = split(tree.left, start);
  tree.left = behind;
  return [before, update(tree)];
}

function merge<R extends Ranged>(a: Tree<R>, b: Tree<R>): Tree<R> {
  if (a === undefined) return b;
  if (b === undefined) return a;
  if (a.priority > b.priority) {
    a.right = merge(a.right, b);
    return update(a);
  }
  b.left = merge(a, b.left);
  return update(b);
}

/** Ranges that start alike lie on either side of each other: both are looked at. */
function removed<R extends Ranged>(tree: Tree<R>, range: R): [Tree<R>, boolean] {
  if (tree === undefined) return [undefined, false];
  if (tree.range === range) {
    const { left, right } = tree;
    // A node that has grown old before it was removed must not keep what has come since.
    tree.left = undefined;
    tree.right = undefined;
    return [merge(left, right), true];
  }
  let found = false;
  if (range.start <= tree.range.start) [tree.left, found] = removed(tree.left, range);
  if (!found && range.start >= tree.range.start) [tree.right, found] = removed(tree.right, range);
  if (found) update(tree);
  return [tree, found];
}
