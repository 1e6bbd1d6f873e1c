/* tree.c: in: what shards have each found.  out: the sums of the whole subtrees that they make. */
#include "tree.h"
#include "ranges.h"

int lstmc_tree_span(int first, int end, int count)
{
    int span = 1;
    for (int next = 2; first % next == 0; next *= 2) {
        int behind = count - first < next ? count : first + next;
        if (behind > end)
            break;
        span = behind - first;
        if (behind == count)
            break;
    }
    return span;
}

void lstmc_tree_sum(float *const *parts, int first, int end, int count, size_t offset, size_t length)
{
    for (int step = 1; step < end - first; step *= 2)
        for (int left = (first + 2 * step - 1) / (2 * step) * (2 * step); left + step < end; left += 2 * step) {
            int right = left + step, behind = count - right < step ? count : right + step;
            if (behind <= end && parts[right - first])
                lstmc_range_add(parts[left - first] + offset, parts[right - first] + offset, length);
        }
}
