/* The workloads on a plain event heap in C: what a processor can do with this algorithm and no more features.
 *   cc -O3 -march=native -o heap heap.c -lm && ./heap RATE SECONDS SERVICE WORKERS PODS SHARE RUNS
 * Prints requests and seconds of processor time, one line a run. SHARE: of the first of two pools, 1 for one pool.
 * A binary heap of (time, number, pod), a queue per pod linked through the requests, one pending arrival.
 */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { ARRIVAL = -1, NOBODY = -1, MOST_EVENTS = 4096, MOST_PODS = 64 };

typedef struct { double time; uint32_t number; int32_t pod; } Event;
typedef struct { int busy; int32_t first, last; } Pod;
typedef struct { double rate, seconds, service, share; int workers, pods; } Workload;

static uint64_t word = 88172645463325252ull;
static Event heap[MOST_EVENTS];
static int events;
static uint32_t next_number;

static double uniform(void) {                                   /* xorshift64*, Vigna (2016) */
    word ^= word >> 12; word ^= word << 25; word ^= word >> 27;
    return ((word * 2685821657736338717ull >> 11) + 0.5) * 0x1.0p-53;
}

static double exponential(double mean) { return -mean * log(uniform()); }

static int is_before(const Event *a, const Event *b) {
    return a->time < b->time || (a->time == b->time && a->number < b->number);
}

static void push(double time, int32_t pod) {
    Event event = {time, next_number++, pod};
    int place = events++;
    while (place > 0 && is_before(&event, &heap[(place - 1) / 2])) {
        heap[place] = heap[(place - 1) / 2];
        place = (place - 1) / 2;
    }
    heap[place] = event;
}

static Event pop(void) {
    Event top = heap[0], moved = heap[--events];
    int place = 0, child;
    while ((child = 2 * place + 1) < events) {
        if (child + 1 < events && is_before(&heap[child + 1], &heap[child])) child++;
        if (!is_before(&heap[child], &moved)) break;
        heap[place] = heap[child];
        place = child;
    }
    heap[place] = moved;
    return top;
}

static long run(const Workload *given, double *arrival, double *wait, int32_t *after) {
    Pod pods[MOST_PODS];
    int turn[2] = {0, 0};
    long requests = 0;
    for (int p = 0; p < MOST_PODS; p++) pods[p] = (Pod){0, NOBODY, NOBODY};
    events = 0;
    push(exponential(1 / given->rate), ARRIVAL);
    while (events) {
        Event event = pop();
        if (event.pod == ARRIVAL) {
            if (event.time >= given->seconds) continue;
            int pool = given->share < 1 && uniform() >= given->share;
            int p = pool * given->pods + turn[pool];
            turn[pool] = turn[pool] + 1 == given->pods ? 0 : turn[pool] + 1;
            Pod *pod = &pods[p];
            arrival[requests] = event.time;
            if (pod->busy < given->workers) {
                pod->busy++;
                wait[requests] = 0;
                push(event.time + exponential(given->service), p);
            } else {
                after[requests] = NOBODY;
                if (pod->first == NOBODY) pod->first = requests; else after[pod->last] = requests;
                pod->last = requests;
            }
            requests++;
            push(event.time + exponential(1 / given->rate), ARRIVAL);
        } else {
            Pod *pod = &pods[event.pod];
            int32_t request = pod->first;
            if (request == NOBODY) { pod->busy--; continue; }
            pod->first = after[request];
            wait[request] = event.time - arrival[request];
            push(event.time + exponential(given->service), event.pod);
        }
    }
    return requests;
}

int main(int argc, char **argv) {
    if (argc != 8) return 2;
    Workload given = {atof(argv[1]), atof(argv[2]), atof(argv[3]), atof(argv[6]), atoi(argv[4]), atoi(argv[5])};
    long room = given.rate * given.seconds + 10 * sqrt(given.rate * given.seconds) + 100;
    for (int runs = atoi(argv[7]); runs > 0; runs--) {
        clock_t begin = clock();
        double *arrival = malloc(room * sizeof *arrival), *wait = malloc(room * sizeof *wait);
        int32_t *after = malloc(room * sizeof *after);
        long requests = run(&given, arrival, wait, after);
        printf("%ld %.9f\n", requests, (double)(clock() - begin) / CLOCKS_PER_SEC);
        free(arrival); free(wait); free(after);
    }
    return 0;
}
