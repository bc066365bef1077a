/*
 * The first instructions: stack, global pointer, flash locked against writes and
 * everything beyond our RAM locked away, data and bss, then main. And the way
 * into the trap handler.
 */
	.section .text.start, "ax"
	.globl _start
_start:
	csrr a0, mhartid
	bnez a0, park
	la sp, __stack_top
	.option push
	.option norelax
	la gp, __global_pointer$
	.option pop
	la t0, trap_entry
	csrw mtvec, t0
	/* PMP entry 0, locked: the code's flash (32 MiB, NAPOT) may be read and executed, not written. */
	li t0, (0x20000000 >> 2) | ((0x02000000 / 8) - 1)
	csrw pmpaddr0, t0
	li t0, 0x9d
	csrw pmpcfg0, t0
	la tp, __tls_base
	/* A trap's stack and the option page are used before main: data and bss first. */
	la a0, __data_start
	la a1, __data_source
	la a2, __data_end
1:	bgeu a0, a2, 2f
	lw t0, 0(a1)
	sw t0, 0(a0)
	addi a0, a0, 4
	addi a1, a1, 4
	j 1b
2:	la a0, __bss_start
	la a2, __bss_end
3:	bgeu a0, a2, 4f
	sw zero, 0(a0)
	addi a0, a0, 4
	j 3b
4:	/* The stack is painted so that its peak can be measured. */
	la a0, __stack_bottom
	addi a2, sp, -64
	li t0, 0xa5a5a5a5
5:	bgeu a0, a2, 6f
	sw t0, 0(a0)
	addi a0, a0, 4
	j 5b
6:	call main
	li a0, 0
	call board_exit
park:	wfi
	j park

	/*
	 * bool board_memory_locked(void): QEMU 7.2 keeps the PMP's locks over a reset, so
	 * after a restart what lies beyond our RAM cannot be read any more.
	 */
	.globl board_memory_locked
board_memory_locked:
	csrr a0, pmpcfg0
	srli a0, a0, 23
	andi a0, a0, 1
	ret

	/*
	 * void board_lock_memory(uint32_t start): no access from `start` to the end of
	 * RAM's address space, nor below RAM (PCI's window, where a stack that overflows
	 * would find no resistance). Locked.
	 */
	.globl board_lock_memory
board_lock_memory:
	srli a0, a0, 2
	csrw pmpaddr1, a0
	li t0, 0xffffffff >> 2
	csrw pmpaddr2, t0
	li t0, (0x40000000 >> 2) | ((0x40000000 / 8) - 1)
	csrw pmpaddr3, t0
	/* Entry 3: NAPOT; entry 2: TOR (entry 1 is off and gives its start); no permission. Entry 0 stays. */
	li t0, 0x9888009d
	csrw pmpcfg0, t0
	ret

	/* A trap never returns: it takes the stack's top, whatever sp was (it may be what trapped). */
	.align 4
trap_entry:
	csrr a0, mcause
	csrr a1, mepc
	csrr a2, mtval
	mv a3, ra
	mv a4, sp
	la sp, __stack_top
	la gp, __global_pointer$
	la tp, __tls_base
	call board_trap
	j park
