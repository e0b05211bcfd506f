#include "base/heap.h"

#include "base/must.h"

void heap_init(struct heap *heap, struct arena *arena, size_t capacity)
{
    heap->nodes = arena_array(arena, capacity + 1, sizeof(*heap->nodes));
    heap->count = 0;
    heap->capacity = capacity;
    heap->next_order = 0;
}

static bool earlier(const struct heap_node *a, const struct heap_node *b)
{
    if (a->at.ns != b->at.ns) {
        return a->at.ns < b->at.ns;
    }
    return a->order < b->order;
}

static void place(struct heap *heap, struct heap_node *node, size_t position)
{
    heap->nodes[position] = node;
    node->position = position;
}

static void sift_up(struct heap *heap, struct heap_node *node)
{
    size_t position = node->position;
    while (position > 1 && earlier(node, heap->nodes[position / 2])) {
        place(heap, heap->nodes[position / 2], position);
        position /= 2;
    }
    place(heap, node, position);
}

static void sift_down(struct heap *heap, struct heap_node *node)
{
    size_t position = node->position;
    for (;;) {
        size_t child = position * 2;
        if (child > heap->count) {
            break;
        }
        if (child < heap->count &&
            earlier(heap->nodes[child + 1], heap->nodes[child])) {
            child++;
        }
        if (!earlier(heap->nodes[child], node)) {
            break;
        }
        place(heap, heap->nodes[child], position);
        position = child;
    }
    place(heap, node, position);
}

void heap_set(struct heap *heap, struct heap_node *node, struct instant at)
{
    node->at = at;
    node->order = heap->next_order++;
    if (node->position == 0) {
        must(heap->count < heap->capacity);
        place(heap, node, ++heap->count);
    }
    sift_up(heap, node);
    sift_down(heap, node);
}

void heap_remove(struct heap *heap, struct heap_node *node)
{
    if (node->position == 0) {
        return;
    }
    must(heap->nodes[node->position] == node);
    struct heap_node *last = heap->nodes[heap->count--];
    if (last != node) {
        place(heap, last, node->position);
        sift_up(heap, last);
        sift_down(heap, last);
    }
    node->position = 0;
}

struct instant heap_next(const struct heap *heap)
{
    return heap->count ? heap->nodes[1]->at : INSTANT_NEVER;
}

struct heap_node *heap_pop_due(struct heap *heap, struct instant now)
{
    if (heap->count == 0 || instant_before(now, heap->nodes[1]->at)) {
        return NULL;
    }
    struct heap_node *node = heap->nodes[1];
    heap_remove(heap, node);
    return node;
}
