/* An adapter in C99 for the protocol of refsort/oracle/subprocess_adapter.py: a template for other languages.

       cc -std=c99 -O2 -o adapter adapter.c -lm
       refsort check --command ./adapter

   To judge your own library, keep the first and the last part and call your functions in the middle one. Here
   float32 is computed in double and rounded once, at the end. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *checked(void *memory)
{
    if (memory) return memory;
    fputs("out of memory\n", stderr); exit(2); /* a crash is a result, and the last words are shown */
}

/* ---------- requests: JSON without escapes, parsed in place ---------- */

typedef struct Node { /* kind is { [ " or 1, which stands for a number, true, false, null */
    char kind, *key, *text;
    struct Node *first, *next;
} Node;

static char *at; /* where the parser is */

static void expect(char c)
{
    if (*at++ != c) { fprintf(stderr, "malformed request: no '%c'\n", c); exit(2); }
}

static char *string(void)
{
    char *start;
    expect('"');
    for (start = at; *at && *at != '"'; at++) {}
    expect('"');
    at[-1] = 0;
    return start;
}

static void blanks(void) { at += strspn(at, " \t\r\n"); }

static Node *value(void)
{
    Node *node = checked(calloc(1, sizeof *node)), **end = &node->first;
    blanks();
    node->kind = *at;
    if (*at == '"') {
        node->text = string();
    } else if (*at == '{' || *at == '[') {
        char close = *at++ == '{' ? '}' : ']', *key = NULL;
        for (blanks(); *at != close; end = &(*end)->next) {
            if (node->first) { expect(','); blanks(); }
            if (close == '}') { key = string(); blanks(); expect(':'); }
            *end = value();
            (*end)->key = key;
            blanks();
        }
        at++;
    } else {
        node->kind = '1';
        node->text = at;
        at += strcspn(at, ",]} \n");
    }
    return node;
}

static void release(Node *node)
{
    for (Node *next; node; node = next) { next = node->next; release(node->first); free(node); }
}

static Node *member(Node *object, const char *key)
{
    for (Node *node = object->first; node; node = node->next)
        if (!strcmp(node->key, key)) return node;
    fprintf(stderr, "malformed request: no %s\n", key); exit(2);
}

static double number(Node *node) { return strtod(node->text, NULL); } /* hex floats as well */

enum { MOST_SIDES = 8, MOST_ARRAYS = 3 };

typedef struct { long sides, shape[MOST_SIDES], size; double *data; } Array;

static Array like(int sides, const long *shape)
{
    Array a = { sides, { 0 }, 1, NULL };
    for (int i = 0; i < sides; i++) a.size *= a.shape[i] = shape[i];
    a.data = checked(calloc(a.size + 1, sizeof *a.data));
    return a;
}

static Array array(Node *node)
{
    long shape[MOST_SIDES], k = 0;
    for (Node *side = member(node, "shape")->first; side; side = side->next) {
        if (k == MOST_SIDES) { fputs("too many sides\n", stderr); exit(2); }
        shape[k++] = number(side);
    }
    Array a = like(k, shape);
    k = 0;
    for (Node *entry = member(node, "data")->first; entry && k < a.size; entry = entry->next) a.data[k++] = number(entry);
    return a;
}

/* ---------- the operations: y, and the gradient x_bar where the cotangent g is not NULL ---------- */

/* Groups of neighbours along an axis, ascending. A sort is a permutation, and the gradient its inverse. */
static void group_sort(Array x, long axis, long size, double *y, const double *g, double *x_bar)
{
    long stride = 1, *order = checked(malloc((size + 1) * sizeof *order));
    if (axis < 0) axis += x.sides;
    for (long i = axis + 1; i < x.sides; i++) stride *= x.shape[i];
    for (long group = 0; group < (size ? x.size / size : 0); group++) {
        long start = group / stride * stride * size + group % stride;
        for (long k = 0; k < size; k++) { /* insertion sort: ties stay in their order */
            long j = k, place = start + k * stride;
            for (; j && x.data[order[j - 1]] > x.data[place]; j--) order[j] = order[j - 1];
            order[j] = place;
        }
        for (long k = 0; k < size; k++) {
            y[start + k * stride] = x.data[order[k]];
            if (g) x_bar[order[k]] = g[start + k * stride];
        }
    }
    free(order);
}

/* c = a b with a of l x m and b of m x n; ta, tb: stored transposed. */
static void product(double *c, const double *a, int ta, const double *b, int tb, long l, long m, long n)
{
    for (long i = 0; i < l; i++)
        for (long j = 0; j < n; j++) {
            double sum = 0;
            for (long k = 0; k < m; k++) sum += (ta ? a[k * l + i] : a[i * m + k]) * (tb ? b[j * m + k] : b[k * n + j]);
            c[i * n + j] = sum;
        }
}

/* y = x w^T + b */
static void affine(const Array *in, double *y, const double *g, Array *bar)
{
    long n = in[0].shape[0], d_in = in[0].shape[1], d_out = in[1].shape[0];
    product(y, in[0].data, 0, in[1].data, 1, n, d_in, d_out);
    for (long i = 0; i < n * d_out; i++) y[i] += in[2].data[i % d_out];
    if (!g) return;
    product(bar[0].data, g, 0, in[1].data, 0, n, d_out, d_in);
    product(bar[1].data, g, 1, in[0].data, 0, d_out, n, d_in);
    for (long i = 0; i < n * d_out; i++) bar[2].data[i % d_out] += g[i];
}

/* a <- a T_0, T_j = c_j I + q T_{j+1}, q = I - a^T a; c_0 = 1, c_j = C(2j, j) / 4^j, or beta for c_1 of order 1. */
static void bjorck(Array w, long steps, long order, double beta, double *y, const double *g, double *w_bar)
{
    long m = w.shape[0], n = w.shape[1], nn = n * n;
    double *iterates = checked(calloc((steps + 1) * w.size + 1, sizeof *iterates));
    double *t = checked(calloc((order + 5) * nn + w.size + 1, sizeof *t)); /* T_0 to T_order, then the others */
    double *q = t + (order + 1) * nn, *q_bar = q + nn, *t_bar = q_bar + nn, *scratch = t_bar + nn;
    memcpy(iterates, w.data, w.size * sizeof *y);
    if (g) memcpy(w_bar, g, w.size * sizeof *y);
    for (long step = 0; step < (g ? 2 * steps : steps); step++) { /* forward, and then back again */
        double *a = iterates + (step < steps ? step : 2 * steps - 1 - step) * w.size;
        product(q, a, 1, a, 0, n, m, n);
        for (long i = 0; i < nn; i++) q[i] = (i % (n + 1) == 0) - q[i];
        memset(t + order * nn, 0, nn * sizeof *t);
        for (long j = order; j >= 0; j--) {
            double c = 1;
            for (long i = 1; i <= j; i++) c *= (2.0 * i - 1) / (2.0 * i);
            if (j < order) product(t + j * nn, q, 0, t + (j + 1) * nn, 0, n, n, n);
            for (long i = 0; i < n; i++) t[j * nn + i * (n + 1)] += order == 1 && j == 1 ? beta : c;
        }
        if (step < steps) { product(a + w.size, a, 0, t, 0, m, n, n); continue; }
        product(t_bar, a, 1, w_bar, 0, n, m, n); /* the cotangent of T_0; all T_j are symmetric */
        memset(q_bar, 0, nn * sizeof *q_bar);
        for (long j = 0; j < order; j++) {
            product(scratch, t_bar, 0, t + (j + 1) * nn, 0, n, n, n);
            for (long i = 0; i < nn; i++) q_bar[i] += scratch[i];
            product(scratch, q, 0, t_bar, 0, n, n, n);
            memcpy(t_bar, scratch, nn * sizeof *t_bar);
        }
        for (long i = 0; i < nn; i++) t_bar[i] = q_bar[i] + q_bar[i % n * n + i / n];
        product(scratch, w_bar, 0, t, 0, m, n, n);
        product(w_bar, a, 0, t_bar, 0, m, n, n);
        for (long i = 0; i < w.size; i++) w_bar[i] = scratch[i] - w_bar[i];
    }
    memcpy(y, iterates + steps * w.size, w.size * sizeof *y);
    free(iterates); free(t);
}

/* A row inside stays as it is; outside all entries move towards zero by tau, and stop there. */
static void project_l1_ball(Array v, double radius, double *y, const double *g, double *v_bar)
{
    long d = v.shape[1];
    for (long start = 0; start < v.size; start += d) {
        const double *x = v.data + start;
        double norm = 0, tau = 0, mean = 0;
        long kept = 0, before = 0;
        for (long i = 0; i < d; i++) norm += fabs(x[i]);
        for (int first = 1; norm > radius; first = 0) { /* entries not above tau leave, until none does (Michelot) */
            double sum = kept = 0;
            for (long i = 0; i < d; i++) if (first || fabs(x[i]) > tau) { kept++; sum += fabs(x[i]); }
            if (kept == before || !kept) break;
            tau = (sum - radius) / (before = kept);
        }
        for (long i = 0; g && i < d; i++)
            if (fabs(x[i]) > tau) mean += (x[i] < 0 ? -g[start + i] : g[start + i]) / kept;
        for (long i = 0; i < d; i++) {
            int inside = norm <= radius, active = inside || fabs(x[i]) > tau;
            y[start + i] = active ? copysign(fabs(x[i]) - tau, x[i]) : 0;
            if (g) v_bar[start + i] = inside ? g[start + i] : active ? g[start + i] - (x[i] < 0 ? -mean : mean) : 0;
        }
    }
}

/* ---------- answers ---------- */

static void print(Array a, int single)
{
    printf("{\"shape\": [");
    for (int i = 0; i < a.sides; i++) printf("%s%ld", i ? ", " : "", a.shape[i]);
    printf("], \"dtype\": \"%s\", \"data\": [", single ? "float32" : "float64");
    for (long i = 0; i < a.size; i++) printf("%s\"%a\"", i ? ", " : "", single ? (float)a.data[i] : a.data[i]);
    printf("]}");
}

/* Why a call has no meaning, or NULL: a question that is not answered is better than an answer to another one. */
static const char *refused(const char *op, Node *p, Array *in)
{
    if (!strcmp(op, "affine")) {
        int flat = in[0].sides != 2 || in[1].sides != 2 || in[2].sides != 1;
        return flat || in[0].shape[1] != in[1].shape[1] || in[1].shape[0] != in[2].shape[0] ? "shapes do not fit" : NULL;
    }
    if (strcmp(op, "group_sort") && strcmp(op, "max_min") && strcmp(op, "full_sort")) return NULL;
    long axis = number(member(p, "axis"));
    if (axis < -in[0].sides || axis >= in[0].sides) return "there is no such axis";
    long whole = in[0].shape[axis < 0 ? axis + in[0].sides : axis];
    long size = !strcmp(op, "max_min") ? 2 : !strcmp(op, "full_sort") ? 1 : number(member(p, "group_size"));
    return size < 1 || whole % size ? "the group size does not divide the features" : NULL;
}

static void call(Node *request, long seq)
{
    const char *op = member(request, "op")->text;
    int single = !strcmp(member(request, "dtype")->text, "float32"), count = 0;
    Node *p = member(request, "params"), *given = member(request, "cotangent"), *node;
    Array in[MOST_ARRAYS], bar[MOST_ARRAYS], y, g = { 0 };
    for (node = member(request, "arrays")->first; node && count < MOST_ARRAYS; node = node->next, count++) {
        in[count] = array(node);
        bar[count] = like(in[count].sides, in[count].shape);
    }
    if (given->kind == '{') g = array(given);
    const char *why = refused(op, p, in);
    if (why) {
        printf("{\"seq\": %ld, \"error\": \"%s\"}\n", seq, why);
        for (int i = 0; i < count; i++) { free(in[i].data); free(bar[i].data); }
        free(g.data);
        return;
    }
    y = like(in[0].sides, in[0].shape);
    if (!strcmp(op, "affine")) { free(y.data); y = like(2, (long[]){ in[0].shape[0], in[1].shape[0] }); }

    if (!strcmp(op, "affine")) affine(in, y.data, g.data, bar);
    else if (!strcmp(op, "bjorck"))
        bjorck(in[0], number(member(p, "iterations")), number(member(p, "order")), number(member(p, "beta")), y.data,
               g.data, bar[0].data);
    else if (!strcmp(op, "project_l1_ball"))
        project_l1_ball(in[0], number(member(p, "radius")), y.data, g.data, bar[0].data);
    else {
        long axis = number(member(p, "axis")), whole = in[0].shape[axis < 0 ? axis + in[0].sides : axis];
        long size = !strcmp(op, "max_min") ? 2 : !strcmp(op, "full_sort") ? whole : number(member(p, "group_size"));
        group_sort(in[0], axis, size, y.data, g.data, bar[0].data);
    }
    printf("{\"seq\": %ld, \"out\": ", seq);
    print(y, single);
    printf(", \"gradients\": %s", g.data ? "[" : "null");
    for (int i = 0; g.data && i < count; i++) { if (i) printf(", "); print(bar[i], single); }
    puts(g.data ? "]}" : "}");
    for (int i = 0; i < count; i++) { free(in[i].data); free(bar[i].data); }
    free(y.data); free(g.data);
}

static char *line(void) /* one line of any length, or NULL */
{
    size_t length = 0, room = 4096;
    char *text = checked(malloc(room));
    for (int c; (c = getchar()) != '\n';) {
        if (c == EOF) { free(text); return NULL; }
        if (length + 1 == room) text = checked(realloc(text, room *= 2));
        text[length++] = c;
    }
    text[length] = 0;
    return text;
}

int main(void)
{
    for (char *text; (text = line());) {
        at = text;
        Node *request = value();
        const char *cmd = member(request, "cmd")->text;
        long seq = number(member(request, "seq"));
        if (!strcmp(cmd, "stop")) return 0;
        if (!strcmp(cmd, "start"))
            printf("{\"seq\": %ld, \"name\": \"the C99 example\", \"dtypes\": [\"float32\", \"float64\"], \"ops\": "
                   "[\"group_sort\", \"max_min\", \"full_sort\", \"affine\", \"bjorck\", \"project_l1_ball\"]}\n", seq);
        else call(request, seq);
        fflush(stdout);
        release(request);
        free(text);
    }
    return 0;
}
