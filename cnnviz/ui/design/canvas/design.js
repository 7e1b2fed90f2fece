// Edits of a design in JSON: every function takes a design and returns { design, selected }, the paths then selected.
// A path is [place, stack, place, …]: odd positions name one of the stacks of a block.

const same = (one, other) => one.length === other.length && one.every((part, index) => part === other[index])
const inside = (path, block) => path.length > block.length && block.every((part, index) => part === path[index])
const stacksOf = (layer) =>
  layer.kind === "Residual" ? [layer.layers, layer.projection] : layer.kind === "Parallel" ? layer.branches : []

const stackAt = (design, path) => {
  let stack = design.layers
  for (let i = 0; i + 1 < path.length; i += 2) stack = stacksOf(stack[path[i]])[path[i + 1]]
  return stack
}

const walk = (stack, before, visit) =>
  stack.forEach((layer, index) => {
    if (!layer) return
    visit(layer, [...before, index])
    stacksOf(layer).forEach((each, number) => walk(each, [...before, index, number], visit))
  })

const every = (design) => {
  const found = []
  walk(design.layers, [], (layer, path) => found.push([layer, path]))
  return found
}

// Those paths that stand in no other one, from the top of the net to its end.
const outermost = (design, paths) => {
  const held = paths.filter((path) => !paths.some((other) => inside(path, other)))
  return every(design)
    .map(([, path]) => path)
    .filter((path) => held.some((other) => same(path, other)))
}

const withoutGaps = (design) => {
  const close = (stack) => {
    for (let i = stack.length - 1; i >= 0; i--) {
      if (stack[i]) stacksOf(stack[i]).forEach(close)
      else stack.splice(i, 1)
    }
  }
  close(design.layers)
  return design
}

const pathsOf = (design, layers) =>
  every(design)
    .filter(([layer]) => layers.includes(layer))
    .map(([, path]) => path)

// Take layers out and leave gaps, so that all other paths stay what they were.
const taken = (design, paths) =>
  paths.map((path) => {
    const stack = stackAt(design, path)
    const layer = stack[path.at(-1)]
    stack[path.at(-1)] = null
    return layer
  })

const moved = (old, paths, target) => {
  const design = structuredClone(old)
  const chosen = outermost(design, paths)
  if (!chosen.length || chosen.some((path) => inside(target, path))) return null
  const stack = stackAt(design, target)
  const layers = taken(design, chosen)
  stack.splice(target.at(-1), 0, ...layers)
  withoutGaps(design)
  if (JSON.stringify(design) === JSON.stringify(old)) return null
  return { design, selected: pathsOf(design, layers) }
}

const removed = (old, paths) => {
  const design = structuredClone(old)
  const chosen = outermost(design, paths)
  if (!chosen.length) return null
  const first = chosen[0]
  taken(design, chosen)
  withoutGaps(design)
  const left = every(design).map(([, path]) => path)
  const next = left.find((path) => same(path, first)) ?? left.filter((path) => !inside(path, first)).at(-1)
  return { design, selected: next ? [next] : [] }
}

const duplicated = (old, paths) => {
  const design = structuredClone(old)
  const chosen = outermost(design, paths)
  if (!chosen.length) return null
  const last = chosen.at(-1)
  const copies = chosen.map((path) => structuredClone(stackAt(design, path)[path.at(-1)]))
  stackAt(design, last).splice(last.at(-1) + 1, 0, ...copies)
  return { design, selected: pathsOf(design, copies) }
}

// One place up or down; at the end of a stack in a block, out of the block.
const shifted = (old, paths, step) => {
  const chosen = outermost(old, paths)
  if (!chosen.length) return null
  const edge = step < 0 ? chosen[0] : chosen.at(-1)
  const stack = stackAt(old, edge)
  const place = edge.at(-1) + (step < 0 ? -1 : 2)
  if (place >= 0 && place <= stack.length) return moved(old, chosen, [...edge.slice(0, -1), place])
  if (edge.length < 3) return null
  const block = edge.slice(0, -2)
  return moved(old, chosen, [...block.slice(0, -1), block.at(-1) + (step < 0 ? 0 : 1)])
}

// Into the block right above, behind what stands in its first stack; or out of the block, right behind it.
const nested = (old, paths, into) => {
  const chosen = outermost(old, paths)
  if (!chosen.length) return null
  const first = chosen[0]
  if (!into) return first.length < 3 ? null : moved(old, chosen, [...first.slice(0, -3), first.at(-3) + 1])
  const above = [...first.slice(0, -1), first.at(-1) - 1]
  const stacks = first.at(-1) > 0 ? stacksOf(stackAt(old, above)[above.at(-1)]) : []
  return stacks.length ? moved(old, chosen, [...above, 0, stacks[0].length]) : null
}

const withBranches = (old, path, change) => {
  const design = structuredClone(old)
  const block = stackAt(design, path)[path.at(-1)]
  change(block.branches)
  return { design, selected: [path] }
}
