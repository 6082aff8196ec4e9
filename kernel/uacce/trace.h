/* SPDX-License-Identifier: GPL-2.0-only */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM wd_uacce

#if !defined(_WD_UACCE_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define _WD_UACCE_TRACE_H

#include <linux/tracepoint.h>
#include "wd_uacce_driver.h"

DECLARE_EVENT_CLASS(wd_uacce_queue,
	TP_PROTO(const struct wd_uacce_queue *q),
	TP_ARGS(q),
	TP_STRUCT__entry(
		__string(device, dev_name(&q->udev->dev))
		__field(u32, chan)
		__field(u32, state)
	),
	TP_fast_assign(
		__assign_str(device);
		__entry->chan = q->chan;
		__entry->state = READ_ONCE(q->state);
	),
	TP_printk("device=%s channel=%u state=%s", __get_str(device), __entry->chan,
		  __print_symbolic(__entry->state,
				   { WD_UACCE_Q_ZOMBIE, "zombie" },
				   { WD_UACCE_Q_INIT, "init" },
				   { WD_UACCE_Q_STARTED, "started" },
				   { WD_UACCE_Q_FAILED, "failed" },
				   { WD_UACCE_Q_GONE, "gone" }))
);

DEFINE_EVENT(wd_uacce_queue, wd_uacce_open,
	TP_PROTO(const struct wd_uacce_queue *q), TP_ARGS(q));
DEFINE_EVENT(wd_uacce_queue, wd_uacce_start,
	TP_PROTO(const struct wd_uacce_queue *q), TP_ARGS(q));
DEFINE_EVENT(wd_uacce_queue, wd_uacce_kick,
	TP_PROTO(const struct wd_uacce_queue *q), TP_ARGS(q));
DEFINE_EVENT(wd_uacce_queue, wd_uacce_interrupt,
	TP_PROTO(const struct wd_uacce_queue *q), TP_ARGS(q));
DEFINE_EVENT(wd_uacce_queue, wd_uacce_release,
	TP_PROTO(const struct wd_uacce_queue *q), TP_ARGS(q));

DECLARE_EVENT_CLASS(wd_uacce_mem,
	TP_PROTO(const struct wd_uacce_queue *q, u32 mem, u64 size, u32 slices),
	TP_ARGS(q, mem, size, slices),
	TP_STRUCT__entry(
		__string(device, dev_name(&q->udev->dev))
		__field(u32, chan)
		__field(u32, mem)
		__field(u64, size)
		__field(u32, slices)
	),
	TP_fast_assign(
		__assign_str(device);
		__entry->chan = q->chan;
		__entry->mem = mem;
		__entry->size = size;
		__entry->slices = slices;
	),
	TP_printk("device=%s channel=%u mem=%u size=%llu slices=%u", __get_str(device),
		  __entry->chan, __entry->mem, __entry->size, __entry->slices)
);

DEFINE_EVENT(wd_uacce_mem, wd_uacce_reserve,
	TP_PROTO(const struct wd_uacce_queue *q, u32 mem, u64 size, u32 slices),
	TP_ARGS(q, mem, size, slices));
DEFINE_EVENT(wd_uacce_mem, wd_uacce_share,
	TP_PROTO(const struct wd_uacce_queue *q, u32 mem, u64 size, u32 slices),
	TP_ARGS(q, mem, size, slices));
DEFINE_EVENT(wd_uacce_mem, wd_uacce_import,
	TP_PROTO(const struct wd_uacce_queue *q, u32 mem, u64 size, u32 slices),
	TP_ARGS(q, mem, size, slices));

TRACE_EVENT(wd_uacce_drop,
	TP_PROTO(const struct wd_uacce_queue *q, u32 mem),
	TP_ARGS(q, mem),
	TP_STRUCT__entry(
		__string(device, dev_name(&q->udev->dev))
		__field(u32, chan)
		__field(u32, mem)
	),
	TP_fast_assign(
		__assign_str(device);
		__entry->chan = q->chan;
		__entry->mem = mem;
	),
	TP_printk("device=%s channel=%u mem=%u", __get_str(device), __entry->chan, __entry->mem)
);

#endif

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
