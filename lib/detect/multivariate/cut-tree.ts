import { SavedState, StateError } from "../../numeric/state";

const NONE = -1;

/**
 * A robust random cut tree of at most `capacity` points (Guha, Mishra, Roy and Schrijvers 2016, ICML, PMLR 48:2712). Points are
 * put in and taken out one by one, and the tree is at any time distributed as one grown from the points that it holds. Equal
 * points share a leaf. Coordinates are single precision throughout, so that cuts, boxes and points agree to the last bit.
 *
 * Leaves are nodes 0 to capacity - 1, inner nodes the ones after. Memory: a point a leaf, a box an inner node.
 */
export class CutTree {
  readonly #points: Float32Array;
  readonly #low: Float32Array;
  readonly #high: Float32Array;
  readonly #left: Int32Array;
  readonly #right: Int32Array;
  readonly #parent: Int32Array;
  readonly #mass: Int32Array;
  readonly #dimension: Uint8Array;
  readonly #cut: Float32Array;
  #root = NONE;
  /** Leaves in the order in which their points came: a ring. */
  readonly #ages: Int32Array;
  #oldest = 0;
  #count = 0;
  readonly #freeLeaves: number[];
  readonly #freeInner: number[];

  constructor(
    readonly sensors: number,
    readonly capacity: number,
  ) {
    const inner = capacity - 1;
    this.#points = new Float32Array(capacity * sensors);
    this.#low = new Float32Array(inner * sensors);
    this.#high = new Float32Array(inner * sensors);
    this.#left = new Int32Array(inner);
    this.#right = new Int32Array(inner);
    this.#parent = new Int32Array(capacity + inner).fill(NONE);
    this.#mass = new Int32Array(capacity + inner);
    this.#dimension = new Uint8Array(inner);
    this.#cut = new Float32Array(inner);
    this.#ages = new Int32Array(capacity);
    this.#freeLeaves = Array.from({ length: capacity }, (_, i) => capacity - 1 - i);
    this.#freeInner = Array.from({ length: inner }, (_, i) => capacity + inner - 1 - i);
  }

  get count(): number {
    return this.#count;
  }

  /** Puts a point in, the oldest out when the tree is full. @param random from 0 to below 1, drawn once for each box on the way */
  push(point: Float32Array, random: () => number): void {
    if (this.#count === this.capacity) this.#removeOldest();
    const leaf = this.#insert(point, random);
    this.#ages[(this.#oldest + this.#count) % this.capacity] = leaf;
    this.#count += 1;
  }

  /**
   * The expected collusive displacement (section 3 there) that the point would have if it were put in: the chance that it is cut
   * off at each box on its way, times by how many points its arrival would move the rest of that box, the most over the
   * groups that it would be in. The expectation is over the cuts that would be drawn, so nothing is drawn and the tree stays as it is.
   * @param shares gets, for each coordinate, its part in the chances, times the displacement
   */
  displacement(point: Float32Array, shares?: Float64Array): number {
    let node = this.#root;
    let reached = 1;
    let most = 0;
    let expected = 0;
    while (node !== NONE) {
      const outside = this.#outside(node, point);
      const range = this.#range(node) + outside;
      const apart = range > 0 ? outside / range : 0;
      const here = Math.max(most, this.#mass[node] as number);
      expected += reached * apart * here;
      if (shares && outside > 0) this.#share(node, point, (reached * here) / range, shares);
      reached *= 1 - apart;
      if (node < this.capacity || reached < 1e-6) break;
      const next = this.#side(node, point);
      const other = next === this.#leftOf(node) ? this.#rightOf(node) : this.#leftOf(node);
      most = Math.max(most, (this.#mass[other] as number) / ((this.#mass[next] as number) + 1));
      node = next;
    }
    // Equal to a point that is there: in its leaf nothing more is moved.
    return expected + (node !== NONE && node < this.capacity ? reached * most : 0);
  }

  clear(): void {
    while (this.#count > 0) this.#removeOldest();
    this.#oldest = 0;
  }

  #insert(point: Float32Array, random: () => number): number {
    if (this.#root === NONE) {
      this.#root = this.#newLeaf(point, NONE);
      return this.#root;
    }
    let node = this.#root;
    for (;;) {
      const outside = this.#outside(node, point);
      if (node < this.capacity && outside === 0) {
        this.#addMass(node, 1);
        return node;
      }
      const drawn = random() * (this.#range(node) + outside);
      const cut = outside > 0 ? this.#cutApart(node, point, drawn) : undefined;
      if (cut) return this.#split(node, point, cut);
      // A leaf's range is nothing but what the point adds, so it is always cut apart.
      if (node < this.capacity) return this.#split(node, point, this.#farthest(node, point));
      this.#extend(node, point);
      node = this.#side(node, point);
    }
  }

  /** The cut at `drawn` of the extended box's total range, when it parts the point from the box. */
  #cutApart(node: number, point: Float32Array, drawn: number): { dimension: number; value: number } | undefined {
    let rest = drawn;
    for (let j = 0; j < this.sensors; j++) {
      const [low, high, value] = [this.#lowOf(node, j), this.#highOf(node, j), point[j] as number];
      const from = Math.min(low, value);
      const width = Math.max(high, value) - from;
      if (rest > width) {
        rest -= width;
        continue;
      }
      const cut = Math.fround(from + rest);
      if (value < low && cut < low) return { dimension: j, value: Math.max(cut, value) };
      // Points at the cut go left, so a cut at the point's own place parts nothing.
      if (value > high && cut >= high && cut < value) return { dimension: j, value: cut };
      return undefined;
    }
    return undefined;
  }

  #farthest(node: number, point: Float32Array): { dimension: number; value: number } {
    let dimension = 0;
    let most = -1;
    for (let j = 0; j < this.sensors; j++) {
      const distance = Math.abs((point[j] as number) - this.#lowOf(node, j));
      if (distance <= most) continue;
      most = distance;
      dimension = j;
    }
    return { dimension, value: Math.min(point[dimension] as number, this.#lowOf(node, dimension)) };
  }

  /** Puts a new inner node over `node`, with the point on the other side of the cut. */
  #split(node: number, point: Float32Array, cut: { dimension: number; value: number }): number {
    const parent = this.#parent[node] as number;
    const inner = this.#freeInner.pop() as number;
    const leaf = this.#newLeaf(point, inner);
    const at = inner - this.capacity;
    this.#dimension[at] = cut.dimension;
    this.#cut[at] = cut.value;
    const pointLeft = (point[cut.dimension] as number) <= cut.value;
    this.#left[at] = pointLeft ? leaf : node;
    this.#right[at] = pointLeft ? node : leaf;
    this.#parent[inner] = parent;
    this.#parent[node] = inner;
    this.#mass[inner] = this.#mass[node] as number;
    this.#mass[leaf] = 0;
    this.#replaceChild(parent, node, inner);
    this.#fitBox(inner);
    this.#addMass(leaf, 1);
    return leaf;
  }

  #removeOldest(): void {
    const leaf = this.#ages[this.#oldest] as number;
    this.#oldest = (this.#oldest + 1) % this.capacity;
    this.#count -= 1;
    this.#addMass(leaf, -1);
    if ((this.#mass[leaf] as number) > 0) return;
    const parent = this.#parent[leaf] as number;
    this.#freeLeaves.push(leaf);
    if (parent === NONE) {
      this.#root = NONE;
      return;
    }
    const sibling = this.#leftOf(parent) === leaf ? this.#rightOf(parent) : this.#leftOf(parent);
    const above = this.#parent[parent] as number;
    this.#parent[sibling] = above;
    this.#replaceChild(above, parent, sibling);
    this.#freeInner.push(parent);
    for (let node = above; node !== NONE && this.#fitBox(node); node = this.#parent[node] as number);
  }

  #newLeaf(point: Float32Array, parent: number): number {
    const leaf = this.#freeLeaves.pop() as number;
    this.#points.set(point, leaf * this.sensors);
    this.#parent[leaf] = parent;
    this.#mass[leaf] = 1;
    return leaf;
  }

  #replaceChild(parent: number, child: number, by: number): void {
    if (parent === NONE) this.#root = by;
    else if (this.#leftOf(parent) === child) this.#left[parent - this.capacity] = by;
    else this.#right[parent - this.capacity] = by;
  }

  #addMass(from: number, mass: number): void {
    for (let node = from; node !== NONE; node = this.#parent[node] as number) {
      this.#mass[node] = (this.#mass[node] as number) + mass;
    }
  }

  #extend(node: number, point: Float32Array): void {
    const start = (node - this.capacity) * this.sensors;
    for (let j = 0; j < this.sensors; j++) {
      const value = point[j] as number;
      if (value < (this.#low[start + j] as number)) this.#low[start + j] = value;
      if (value > (this.#high[start + j] as number)) this.#high[start + j] = value;
    }
  }

  /** Makes the box that of the children; false when it was that already. */
  #fitBox(node: number): boolean {
    const start = (node - this.capacity) * this.sensors;
    const [left, right] = [this.#leftOf(node), this.#rightOf(node)];
    let changed = false;
    for (let j = 0; j < this.sensors; j++) {
      const low = Math.min(this.#lowOf(left, j), this.#lowOf(right, j));
      const high = Math.max(this.#highOf(left, j), this.#highOf(right, j));
      changed ||= low !== this.#low[start + j] || high !== this.#high[start + j];
      this.#low[start + j] = low;
      this.#high[start + j] = high;
    }
    return changed;
  }

  #side(node: number, point: Float32Array): number {
    const at = node - this.capacity;
    const value = point[this.#dimension[at] as number] as number;
    return value <= (this.#cut[at] as number) ? this.#leftOf(node) : this.#rightOf(node);
  }

  /** How far the box must be extended to hold the point, over all coordinates. */
  #outside(node: number, point: Float32Array): number {
    let sum = 0;
    for (let j = 0; j < this.sensors; j++) sum += this.#beyond(node, point, j);
    return sum;
  }

  #beyond(node: number, point: Float32Array, j: number): number {
    const value = point[j] as number;
    return Math.max(0, this.#lowOf(node, j) - value, value - this.#highOf(node, j));
  }

  #share(node: number, point: Float32Array, weight: number, shares: Float64Array): void {
    for (let j = 0; j < this.sensors; j++) {
      shares[j] = (shares[j] as number) + weight * this.#beyond(node, point, j);
    }
  }

  #range(node: number): number {
    if (node < this.capacity) return 0;
    let sum = 0;
    for (let j = 0; j < this.sensors; j++) sum += this.#highOf(node, j) - this.#lowOf(node, j);
    return sum;
  }

  #leftOf(node: number): number {
    return this.#left[node - this.capacity] as number;
  }

  #rightOf(node: number): number {
    return this.#right[node - this.capacity] as number;
  }

  #lowOf(node: number, j: number): number {
    return (
      node < this.capacity
        ? this.#points[node * this.sensors + j]
        : this.#low[(node - this.capacity) * this.sensors + j]
    ) as number;
  }

  #highOf(node: number, j: number): number {
    return (
      node < this.capacity
        ? this.#points[node * this.sensors + j]
        : this.#high[(node - this.capacity) * this.sensors + j]
    ) as number;
  }

  /** Leaves by age with their points, and the tree in preorder: its cuts, and -1 and the leaf where it ends. */
  snapshot(): unknown {
    const leaves = Array.from(
      { length: this.#count },
      (_, i) => this.#ages[(this.#oldest + i) % this.capacity] as number,
    );
    const named = [...new Set(leaves)];
    const place = new Map(named.map((leaf, i) => [leaf, i]));
    const tree: number[] = [];
    const visit = (node: number): void => {
      if (node < this.capacity) {
        tree.push(-1, place.get(node) as number);
        return;
      }
      const at = node - this.capacity;
      tree.push(this.#dimension[at] as number, this.#cut[at] as number);
      visit(this.#leftOf(node));
      visit(this.#rightOf(node));
    };
    if (this.#root !== NONE) visit(this.#root);
    const points = named.flatMap((leaf) => [...this.#points.subarray(leaf * this.sensors, (leaf + 1) * this.sensors)]);
    return { ages: leaves.map((leaf) => place.get(leaf) as number), points, tree };
  }

  restore(state: unknown): void {
    const saved = new SavedState(state);
    const ages = saved.numbers("ages", this.capacity);
    const points = saved.numbers("points", this.capacity * this.sensors);
    const tree = saved.numbers("tree", 4 * this.capacity);
    const leaves = points.length / this.sensors;
    const isPlace = (i: number): boolean => Number.isInteger(i) && i >= 0 && i < leaves;
    if (!Number.isInteger(leaves) || !ages.every(isPlace) || tree.length !== Math.max(0, 4 * leaves - 2)) {
      throw new StateError("tree: does not fit its points");
    }
    this.clear();
    if (leaves > 0) this.#rebuild(ages, Float32Array.from(points), tree, leaves);
  }

  #rebuild(ages: readonly number[], points: Float32Array, tree: readonly number[], leaves: number): void {
    const nodes: number[] = [];
    let at = 0;
    const build = (parent: number): number => {
      const [dimension, value] = [tree[at++] as number, tree[at++] as number];
      if (dimension === -1) {
        if (!(value in points) || nodes[value] !== undefined) throw new StateError("tree: a leaf twice");
        const leaf = this.#newLeaf(points.subarray(value * this.sensors, (value + 1) * this.sensors), parent);
        this.#mass[leaf] = ages.reduce((mass, age) => (age === value ? mass + 1 : mass), 0);
        nodes[value] = leaf;
        return leaf;
      }
      const inner = this.#freeInner.pop();
      if (inner === undefined || !(dimension >= 0 && dimension < this.sensors)) throw new StateError("tree: damaged");
      this.#dimension[inner - this.capacity] = dimension;
      this.#cut[inner - this.capacity] = value;
      this.#parent[inner] = parent;
      const [left, right] = [build(inner), build(inner)];
      this.#left[inner - this.capacity] = left;
      this.#right[inner - this.capacity] = right;
      this.#mass[inner] = (this.#mass[left] as number) + (this.#mass[right] as number);
      this.#fitBox(inner);
      return inner;
    };
    this.#root = build(NONE);
    if (at !== tree.length || nodes.length !== leaves) throw new StateError("tree: damaged");
    ages.forEach((age, i) => {
      this.#ages[i] = nodes[age] as number;
    });
    this.#oldest = 0;
    this.#count = ages.length;
  }
}
